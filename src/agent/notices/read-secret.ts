/** Tokens and passwords for those who pass notices on: a line in a file that only its owner can read. */

import { BackupError } from '../../base/errors.ts'
import { readSecretFile } from '../../base/files.ts'

const maxBytes = 4096

/** @throws BackupError `file-permissions`, `file-unreadable` */
export async function readSmallSecret(path: string): Promise<string> {
  const text = Buffer.from(await readSecretFile(path, maxBytes)).toString('utf8')
  const line = text.replace(/\r?\n$/, '')
  if (line !== '' && !/\p{Cc}/u.test(line)) return line
  throw new BackupError('file-unreadable', `${path} does not hold one line of text.`)
}
