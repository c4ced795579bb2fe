/** How people say whether a source is watched. */

import { BackupError } from '../base/errors.ts'

/** @throws BackupError `usage` */
export function parseSwitch(text: string): boolean {
  if (/^(yes|true|on)$/i.test(text)) return true
  if (/^(no|false|off)$/i.test(text)) return false
  throw new BackupError('usage', `${JSON.stringify(text)} is neither yes nor no.`)
}

const mostEver = 10_000_000

/** @throws BackupError `usage` */
export function parseDirectoryCount(text: string): number {
  const count = Number(text)
  if (/^\d+$/.test(text) && count >= 1 && count <= mostEver) return count
  throw new BackupError('usage', `Directories are a number from 1 to ${mostEver}.`)
}
