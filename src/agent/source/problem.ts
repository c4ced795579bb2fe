/** Why something could not be read; the reasons are those of docs/format.md 9.1. */

import { messageOf, systemCodeOf } from '../../base/errors.ts'

export interface ReadProblem {
  readonly reason: 'vanished' | 'unreadable'
  /** One sentence for people. */
  readonly detail: string
}

export function problemOf(error: unknown): ReadProblem {
  const reason = goneCodes.has(systemCodeOf(error) ?? '') ? 'vanished' : 'unreadable'
  return { reason, detail: messageOf(error) }
}

/**
 * The name, or a directory above it, is not there any more. Not `ESTALE`: a file server that forgot its handles says so
 * of everything, and then the earlier state has to stay.
 */
const goneCodes: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR'])
