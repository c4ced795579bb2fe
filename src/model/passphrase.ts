/** What a passphrase may be (docs/format.md 2.1). */

import { utf8 } from '../base/bytes.ts'
import { BackupError } from '../base/errors.ts'
import { Secret } from '../base/secret.ts'

export const leastPassphraseCharacters = 16
export const maxPassphraseFileBytes = 4096

/** A passphrase as it is stretched: UTF-8 of the text in NFC. @throws BackupError `passphrase-weak` */
export const passphraseOf = (text: string): Secret => new Secret(passphraseBytes(text))

/** The same, for whoever lets go of it at once. */
export function passphraseBytes(text: string): Uint8Array<ArrayBuffer> {
  const normal = text.normalize('NFC')
  if (/\p{Cc}/u.test(normal)) {
    throw new BackupError('passphrase-weak', 'The passphrase contains a control character.', {
      hint: 'Use letters, digits, spaces and signs, on one line.',
    })
  }
  if (Array.from(normal).length < leastPassphraseCharacters || /\p{Cs}/u.test(normal)) {
    throw new BackupError(
      'passphrase-weak',
      `The passphrase is shorter than ${leastPassphraseCharacters} characters.`,
      { hint: 'Use several words, or let the program make one: --generate-passphrase FILE.' },
    )
  }
  return utf8(normal)
}

/** The text of a passphrase file, without the one line break at its end, and without the mark that some editors begin a file with. @throws BackupError `passphrase-weak` */
export function passphraseFromFile(bytes: Uint8Array): string {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
  } catch (error) {
    throw new BackupError('passphrase-weak', 'The passphrase file is not UTF-8 text.', {
      hint: 'Save it as UTF-8.',
      cause: error,
    })
  }
  return text.replace(/\r?\n$/, '')
}
