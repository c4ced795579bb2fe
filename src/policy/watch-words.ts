/** How people say how a source is watched. */

import { BackupError } from '../base/errors.ts'

const mostEver = 10_000_000

/** @throws BackupError `usage` */
export function parseDirectoryCount(text: string): number {
  const count = Number(text)
  if (/^\d+$/.test(text) && count >= 1 && count <= mostEver) return count
  throw new BackupError('usage', `Directories are a number from 1 to ${mostEver}.`)
}
