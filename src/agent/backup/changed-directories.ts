/** Directories that were reported as changed, as the walk asks for them. */

import { bufferOf } from '../../base/bytes.ts'
import { parentPath, type PathBytes } from '../../model/path.ts'

/** What of a directory has to be looked at: nothing, what leads to a change further down, its entries, all below it. */
export type Look = 'nothing' | 'below' | 'entries' | 'all'

export interface Changes {
  at(directory: PathBytes): Look
}

export interface Dirty {
  readonly path: Uint8Array
  /** Everything below it, not only its entries. */
  readonly whole: boolean
}

/** Bytes as a key: one character for each. */
const keyOf = (path: Uint8Array): string => bufferOf(path).toString('latin1')

export function changesOf(dirty: readonly Dirty[]): Changes {
  const looks = new Map<string, Look>()
  for (const { path, whole } of dirty) {
    const key = keyOf(path)
    if (looks.get(key) !== 'all') looks.set(key, whole ? 'all' : 'entries')
    markAbove(looks, path)
  }
  return { at: (directory) => looks.get(keyOf(directory)) ?? 'nothing' }
}

function markAbove(looks: Map<string, Look>, path: Uint8Array): void {
  for (let above = path; above.length > 1;) {
    above = parentPath(above)
    const key = keyOf(above)
    if (looks.has(key)) return
    looks.set(key, 'below')
  }
}
