/** Passphrases in files, and the making of good ones. */

import { utf8, type RandomBytes } from '../../base/bytes.ts'
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

/** Crockford's base 32: no I, L, O, U. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const randomCharacters = 26

/** 130 random bits and a check character, in groups of up to five: `7QK2M-...`. */
export function generatePassphrase(random: RandomBytes): string {
  const digits = [...random(randomCharacters)].map((byte) => byte % alphabet.length)
  const check = digits.reduce((sum, digit, at) => sum + digit * (at + 1), 0) % alphabet.length
  const text = [...digits, check].map((digit) => alphabet[digit] ?? '').join('')
  return text.replace(/.{5}(?=.)/g, '$&-')
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
