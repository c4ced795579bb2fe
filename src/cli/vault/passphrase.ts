/** The operator's passphrase, from a file that nobody else can read. */

import { BackupError } from '../../base/errors.ts'
import { isOpenToOthers, readBounded } from '../../base/files.ts'
import {
  maxPassphraseFileBytes,
  passphraseBytes,
  passphraseFromFile,
} from '../../model/passphrase.ts'

/** The bytes to stretch. @throws BackupError `file-unreadable`, `file-permissions`, `passphrase-weak` */
export async function readPassphrase(path: string): Promise<Uint8Array> {
  const bytes = await readBounded(path, maxPassphraseFileBytes)
  if (await isOpenToOthers(path)) {
    throw new BackupError('file-permissions', `Others than you can read ${path}.`, {
      hint: `It holds a passphrase: chmod 600 ${path}`,
    })
  }
  return passphraseBytes(passphraseFromFile(bytes))
}
