/** Passphrases in files. */

import { utf8 } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import { createFile, readSecretFile } from '../../base/files.ts'
import {
  maxPassphraseFileBytes,
  passphraseBytes,
  passphraseFromFile,
} from '../../model/passphrase.ts'

/** @throws BackupError `file-permissions`, `file-unreadable`, `passphrase-weak` */
export async function readPassphraseFile(path: string): Promise<string> {
  const text = passphraseFromFile(await readSecretFile(path, maxPassphraseFileBytes))
  passphraseBytes(text)
  return text
}

/** @throws BackupError `already-exists`: what is there may be the only copy of another passphrase */
export async function writePassphraseFile(path: string, passphrase: string): Promise<void> {
  if (await createFile(path, utf8(`${passphrase}\n`), 0o600)) return
  throw passphraseFileTaken(path)
}

export const passphraseFileTaken = (path: string): BackupError =>
  new BackupError('already-exists', `${path} exists already; it may hold another passphrase.`, {
    hint: 'Choose another name, or use the passphrase that is in it: --passphrase-file FILE.',
  })
