/** A word on included paths that are not there: they may come later, as a disk that is plugged in. */

import { bufferOf } from '../../base/bytes.ts'
import { exists } from '../../base/files.ts'
import type { IncludedPath } from '../../agent/state/state.ts'
import type { Output } from '../render/output.ts'

export async function warnOfMissing(output: Output, paths: readonly IncludedPath[]): Promise<void> {
  for (const { bytes, shown } of paths) {
    if (!(await exists(bufferOf(bytes)))) output.warn(`Warning: there is no ${shown} now.`)
  }
}
