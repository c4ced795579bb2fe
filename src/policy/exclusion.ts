/** Which paths a source leaves out: exclude patterns with the semantics of gitignore, read from the root of the machine. */

import ignore from 'ignore'
import { BackupError } from '../base/errors.ts'

export interface Exclusion {
  /** `path`: components joined by `/`, without a leading slash. A directory that is excluded is not entered. */
  excludes(path: string, isDirectory: boolean): boolean
  /** The pattern that excludes it, or a directory above it. */
  excludedBy(path: string, isDirectory: boolean): string | undefined
  /** Whether a pattern fits this very path, not a directory above it. */
  matches(path: string, isDirectory: boolean): boolean
}

const nothing: Exclusion = {
  excludes: () => false,
  excludedBy: () => undefined,
  matches: () => false,
}

/**
 * `/a/b` and `a/b` mean that place below the root, `*.tmp` and `node_modules/` mean any depth, `!x` takes x back.
 * @throws BackupError `usage` for a pattern that can match nothing.
 */
export function createExclusion(patterns: readonly string[], ignoreCase = false): Exclusion {
  if (patterns.length === 0) return nothing
  patterns.forEach(checkPattern)
  const rules = ignore({ ignorecase: ignoreCase }).add([...patterns])
  const told = (path: string, isDirectory: boolean) => (isDirectory ? `${path}/` : path)
  return {
    excludes: (path, isDirectory) => rules.ignores(told(path, isDirectory)),
    excludedBy: (path, isDirectory) => rules.test(told(path, isDirectory)).rule?.pattern,
    matches: (path, isDirectory) => rules.checkIgnore(told(path, isDirectory)).ignored,
  }
}

/** @throws BackupError `usage` */
export function checkPattern(pattern: string): void {
  const text = pattern.trim()
  if (text !== '' && !text.startsWith('#') && !/[\n\r\0]/.test(pattern)) return
  throw new BackupError('usage', `The pattern ${JSON.stringify(pattern)} can match nothing.`, {
    hint: 'Patterns follow the rules of .gitignore; a leading # is written as \\#.',
  })
}
