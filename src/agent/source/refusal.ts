/** What is not read although it is there: on Windows what is in the cloud only, and what is no file of its place. */

import { refusalOf, type Refusal } from '../../policy/reparse-point.ts'
import type { SelectionSettings } from '../../policy/selection.ts'
import { systemCalls } from '../system/open.ts'
import type { SystemCalls } from '../system/system-calls.ts'

/** Undefined where the system knows no such thing. */
export function createRefusal(
  { fetchCloudFiles }: Pick<SelectionSettings, 'fetchCloudFiles'>,
  { windowsFacts }: Pick<SystemCalls, 'windowsFacts'> = systemCalls(),
): ((path: Uint8Array) => Refusal | undefined) | undefined {
  if (windowsFacts === undefined) return undefined
  return (path) => {
    const facts = windowsFacts(path)
    return facts && refusalOf(facts, fetchCloudFiles)
  }
}
