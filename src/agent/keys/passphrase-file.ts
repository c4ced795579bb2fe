/** Passphrases in files. */

import { concatBytes, utf8 } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import type { Secret } from '../../base/secret.ts'
import { createFile, readSecretFile } from '../../base/files.ts'
import { maxPassphraseFileBytes, passphraseOf, passphraseFromFile } from '../../model/passphrase.ts'

/** @throws BackupError `file-permissions`, `file-unreadable`, `passphrase-weak` */
export async function readPassphraseFile(path: string): Promise<Secret> {
  const bytes = await readSecretFile(path, maxPassphraseFileBytes)
  const text = passphraseFromFile(bytes)
  bytes.fill(0)
  return passphraseOf(text)
}

/** @throws BackupError `already-exists`: what is there may be the only copy of another passphrase */
export async function writePassphraseFile(path: string, passphrase: Secret): Promise<void> {
  if (await createFile(path, concatBytes(passphrase.bytes, utf8('\n')), 0o600)) return
  throw passphraseFileTaken(path)
}

export const passphraseFileTaken = (path: string): BackupError =>
  new BackupError('already-exists', `${path} exists already; it may hold another passphrase.`, {
    hint: 'Choose another name, or use the passphrase that is in it: --passphrase-file FILE.',
  })
