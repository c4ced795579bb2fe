/** Where metrics go, as people say it. */

import { posix, win32 } from 'node:path'
import { BackupError } from '../base/errors.ts'

/** The collector of text files reads what ends so, and nothing else. */
const ending = '.prom'

/** A whole path. @throws BackupError `usage` */
export function parseMetricsFile(text: string): string {
  if (!posix.isAbsolute(text) && !win32.isAbsolute(text)) {
    throw new BackupError('usage', `${JSON.stringify(text)} is no whole path.`)
  }
  if (text.endsWith(ending)) return text
  throw new BackupError('usage', `The name of a file for metrics ends in ${ending}.`)
}
