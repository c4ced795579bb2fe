/** Names and paths of a recovery point as events and people get them. */

import { isUtf8 } from 'node:buffer'
import { bufferOf } from '../../base/bytes.ts'
import { absolutePath } from '../../model/path.ts'
import { toDisplay } from '../../model/path-text.ts'

export interface PathFields {
  /** For display. */
  readonly path: string
  /** The bytes, where they are not UTF-8. */
  readonly pathBase64?: string
}

export const pathFields = (path: Uint8Array): PathFields =>
  isUtf8(path)
    ? { path: toDisplay(path) }
    : { path: toDisplay(path), pathBase64: bufferOf(path).toString('base64') }

/** Names from the root of the backed-up machine on, as a path of that machine's system. */
export function pathOfNames(names: readonly Uint8Array[], system: string): Uint8Array {
  const isVolume = system === 'win32' && names.length > 0
  return absolutePath(names, isVolume ? 'win32' : 'linux')
}
