/** Passphrases that the program makes: 130 random bits in groups that people can copy, and a character that shows slips. */

import type { RandomBytes } from '../../base/bytes.ts'
import type { Secret } from '../../base/secret.ts'
import { BackupError } from '../../base/errors.ts'

/** Crockford's base 32: no I, L, O, U. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const randomCharacters = 26

/** 26 random characters and the check character, in groups of five: `7QK2M-...`. */
export function generatePassphrase(random: RandomBytes): string {
  const digits = [...random(randomCharacters)].map((byte) => byte % alphabet.length)
  const text = [...digits, checkDigit(digits)].map((digit) => alphabet[digit] ?? '').join('')
  return text.replace(/.{5}(?=.)/g, '$&-')
}

/** The weights are odd: each single wrong character gives another sum. */
const checkDigit = (digits: readonly number[]): number =>
  digits.reduce((sum, digit, at) => sum + digit * (2 * at + 1), 0) % alphabet.length

const form = /^([0-9A-Z]{5}-){5}[0-9A-Z]{2}$/

/**
 * Tells a slip before it is taken for a try: only a few are allowed.
 * @throws BackupError `passphrase-wrong` for what looks like one of ours and can be none
 */
export function checkTyping({ bytes }: Secret): void {
  const passphrase = Buffer.from(bytes).toString()
  const upper = passphrase.trim().toUpperCase()
  if (!form.test(upper)) return
  const digits = Array.from(upper.replaceAll('-', ''), (character) => alphabet.indexOf(character))
  const isWhole = !digits.includes(-1) && checkDigit(digits.slice(0, -1)) === digits.at(-1)
  if (isWhole && upper === passphrase) return
  throw new BackupError('passphrase-wrong', 'The passphrase was copied with a mistake.', {
    hint: isWhole
      ? 'It has upper-case letters, and no spaces around it.'
      : 'Its last character does not fit the others. There is no I, L, O or U in it.',
  })
}
