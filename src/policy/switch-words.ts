/** Yes and no, as people write them. */

import { BackupError } from '../base/errors.ts'

/** @throws BackupError `usage` */
export function parseSwitch(text: string): boolean {
  if (/^(yes|true|on)$/i.test(text)) return true
  if (/^(no|false|off)$/i.test(text)) return false
  throw new BackupError('usage', `${JSON.stringify(text)} is neither yes nor no.`)
}
