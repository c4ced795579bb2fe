/** A path that a person names in a recovery point: by the rules of the machine that was backed up. */

import { win32 } from 'node:path'
import type { SystemName } from '../../model/manifest.ts'
import { parsePath, splitPath } from '../../model/path.ts'
import type { Host } from './context.ts'

/** Names from the root on. Relative paths begin at the current directory, if both machines are of one kind, else at the root. */
export function namesInPoint(text: string, system: SystemName, host: Host): Uint8Array[] {
  if (system === 'win32') {
    if (text === '/' || text === '\\') return []
    const directory = host.platform === 'win32' ? host.cwd() : 'C:\\'
    return splitPath(parsePath(withBackslash(text), directory, 'win32'))
  }
  return splitPath(parsePath(text, host.platform === 'win32' ? '/' : host.cwd(), system))
}

/** `D:` alone would mean the current directory of that volume. */
const withBackslash = (text: string): string =>
  /^[a-z]:$/i.test(text) ? `${text}${win32.sep}` : text
