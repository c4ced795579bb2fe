/** A pattern that people look for in a point, with the semantics of gitignore, read from the root of the machine. */

import { bufferOf } from '../base/bytes.ts'
import { fromDisplay, toDisplay } from '../model/path-text.ts'
import { createExclusion } from './exclusion.ts'

export interface NamePattern {
  /** Whether it fits this very path, names from the root on; not a directory above it. */
  fits(names: readonly Uint8Array[], isDirectory: boolean): boolean
}

/**
 * `\xHH` stands for a byte that is shown so: what a list shows can be looked for.
 * @throws BackupError `usage` for a pattern that can match nothing
 */
export function createNamePattern(pattern: string): NamePattern {
  const shown = pattern.replace(escapedByte, (escape) =>
    fromDisplay(escape).length === 1 ? `\\${escape.toLowerCase()}` : escape,
  )
  const isAsShown = shown !== pattern
  const rule = createExclusion([shown])
  const textOf = isAsShown ? toDisplay : (name: Uint8Array) => bufferOf(name).toString('utf8')
  return {
    fits: (names, isDirectory) => rule.matches(names.map(textOf).join('/'), isDirectory),
  }
}

const escapedByte = /\\x[0-9a-f]{2}/gi
