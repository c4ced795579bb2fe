/** How a restore tells what it could not do with one entry. */

import { isCopyName } from '../../agent/restore/conflict.ts'
import type { FailedPart, RestoreFailure } from '../../agent/restore/report.ts'
import type { Place } from '../../agent/restore/target/target.ts'
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

/** Something that is there under another name. Copies are named in the same way each time; people see their number. */
export function sayRenamed(
  { output }: CommandContext,
  { path, name }: { readonly path: Place; readonly name: Uint8Array },
  { system }: Manifest,
): void {
  const place = pathFields(pathOfNames(path, system))
  const { path: shown, ...bytes } = pathFields(name)
  output.event({ event: 'renamed', ...place, name: shown, nameBase64: bytes.pathBase64 ?? null })
  if (!output.json && !isCopyName(name)) output.warn(`${place.path}: is ${shown} here`)
}

/** Only counted for people: as an ordinary user that can be each file. */
export function sayOwnerKept({ output }: CommandContext, path: Place, { system }: Manifest): void {
  const message = 'It belongs to whoever restored it.'
  const place = pathFields(pathOfNames(path, system))
  output.event({ event: 'failure', ...place, part: 'owner', code: 'EPERM', message })
}

const partText = (part: FailedPart): string =>
  part.kind === 'xattr' ? `attribute ${toDisplay(part.name)}` : part.kind
