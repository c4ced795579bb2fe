/** How a restore tells what it could not do with one entry. */

import type { FailedPart, RestoreFailure } from '../../agent/restore/report.ts'
import type { Manifest } from '../../model/manifest.ts'
import { toDisplay } from '../../model/path-text.ts'
import { pathFields, pathOfNames } from '../render/shown-path.ts'
import type { CommandContext } from './context.ts'

export function sayFailure(
  { output }: CommandContext,
  failure: RestoreFailure,
  { system }: Manifest,
): void {
  const place = pathFields(pathOfNames(failure.path, system))
  const part = partText(failure.part)
  const { code, message } = failure
  output.event({ event: 'failure', ...place, part, code, message })
  if (!output.json) output.warn(`${place.path}: ${part}: ${message}`)
}

const partText = (part: FailedPart): string =>
  part.kind === 'xattr' ? `attribute ${toDisplay(part.name)}` : part.kind
