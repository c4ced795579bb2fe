import { describe, expect, it } from 'vitest'
import { concatBytes, fromHex, toHex, utf8 } from '../../../src/base/bytes.ts'
import { passphraseBytes, passphraseFromFile } from '../../../src/model/passphrase.ts'
import { refusalOf } from '../../support/damaged.ts'
import { expectVectors } from '../../support/vectors.ts'

const plain = 'correct horse battery'
const composed = 'K\u00f6nigsstra\u00dfe \u00e9t\u00e9 \uac00'
const decomposed = composed.normalize('NFD')

interface PassphraseFile {
  readonly about: string
  readonly file: Uint8Array
}

const files: readonly PassphraseFile[] = [
  { about: 'no line break', file: utf8(plain) },
  { about: 'LF', file: utf8(`${plain}\n`) },
  { about: 'CR LF', file: utf8(`${plain}\r\n`) },
  { about: 'spaces around it are part of it', file: utf8(`  ${plain}  \n`) },
  { about: 'normalization form C', file: utf8(`${composed}\n`) },
  { about: 'normalization form D', file: utf8(`${decomposed}\r\n`) },
  { about: '16 characters of four bytes', file: utf8(`${'\u{1f600}'.repeat(16)}\n`) },
  { about: 'a byte order mark', file: utf8(`\ufeff${plain}\n`) },
  { about: 'a ligature stays one: form C, not form KC', file: utf8(`\ufb01${'x'.repeat(15)}`) },
  { about: 'a no-break space and a line separator', file: utf8(`${plain}\u00a0\u2028`) },
]

const refused: readonly PassphraseFile[] = [
  { about: 'nothing', file: new Uint8Array(0) },
  { about: 'a line break alone', file: utf8('\n') },
  { about: '15 characters', file: utf8(`${'x'.repeat(15)}\n`) },
  { about: '15 characters that are 16 in form D', file: utf8(`${'x'.repeat(14)}e\u0301\n`) },
  { about: '15 characters of two UTF-16 units', file: utf8('\u{1f600}'.repeat(15)) },
  { about: 'two line breaks', file: utf8(`${plain}\n\n`) },
  { about: 'two line breaks of CR LF', file: utf8(`${plain}\r\n\r\n`) },
  { about: 'CR alone', file: utf8(`${plain}\r`) },
  { about: 'CR CR LF', file: utf8(`${plain}\r\r\n`) },
  { about: 'a line break at its beginning', file: utf8(`\n${plain}`) },
  { about: 'two lines', file: utf8(`${plain}\n${plain}\n`) },
  { about: 'a tab', file: utf8(`${plain}\t`) },
  { about: 'a zero byte', file: utf8(`${plain}\u0000`) },
  { about: 'the control character U+007F', file: utf8(`${plain}\u007f`) },
  { about: 'the control character U+0085', file: utf8(`${plain}\u0085\n`) },
  { about: 'bytes that are not UTF-8', file: concatBytes(utf8(plain), Uint8Array.of(0xff)) },
  { about: 'a surrogate', file: concatBytes(utf8(plain), Uint8Array.of(0xed, 0xa0, 0x80)) },
  { about: 'UTF-16', file: Uint8Array.from(Buffer.from(`\ufeff${plain}\n`, 'utf16le')) },
]

const bytesOf = (file: Uint8Array): Uint8Array => passphraseBytes(passphraseFromFile(file))

it('passphrases are those of the vectors', () => {
  expectVectors('passphrase', {
    about:
      'Passphrase files and the bytes of the passphrase that Argon2id takes (docs/format.md 2.1). Byte strings are hexadecimal.',
    files: files.map(({ about, file }) => ({ about, file, passphrase: bytesOf(file) })),
    refused,
  })
})

describe('a passphrase', () => {
  it('is the same with and without one line break at the end of its file', () => {
    const passphrases = files.slice(0, 3).map(({ file }) => toHex(bytesOf(file)))
    expect(passphrases).toEqual(Array(3).fill(toHex(utf8(plain))))
  })

  it('is the same however its accents were typed', () => {
    expect(decomposed).not.toBe(composed)
    expect(passphraseBytes(decomposed)).toEqual(utf8(composed))
    expect(bytesOf(utf8(`${decomposed}\n`))).toEqual(bytesOf(utf8(composed)))
    // The sign of the ångström, the letter, and the letter A with a ring: one character.
    const forms = ['\u212b', '\u00c5', 'A\u030a'].map((letter) =>
      toHex(passphraseBytes(`${letter} ${plain}`)),
    )
    expect(new Set(forms).size).toBe(1)
  })

  it('keeps case, spaces and signs', () => {
    const texts = [plain, plain.toUpperCase(), `${plain} `, ` ${plain}`, plain.replace(' ', '  ')]
    expect(new Set(texts.map((text) => toHex(passphraseBytes(text)))).size).toBe(texts.length)
  })

  it.each(refused)('is refused: $about', ({ file }) => {
    expect(refusalOf(() => bytesOf(file))).toBe('passphrase-weak')
  })

  it('is refused with any control character in it', () => {
    const codes = [...Array(0xa0).keys()]
    const controls = codes.filter((code) => code < 0x20 || code >= 0x7f)
    expect(controls).toHaveLength(65)
    for (const code of controls) {
      const text = `${plain}${String.fromCodePoint(code)}${plain}`
      expect(refusalOf(() => passphraseBytes(text))).toBe('passphrase-weak')
    }
    expect(refusalOf(() => passphraseBytes(`${plain}\u00a0`))).toBe('accepted')
  })

  it('is refused with half a character', () => {
    expect(refusalOf(() => passphraseBytes(`${plain}\ud83d`))).toBe('passphrase-weak')
  })

  it('has the 16 characters that are counted once accents are put together', () => {
    expect(passphraseBytes(`${'x'.repeat(15)}e\u0301`)).toHaveLength(17)
    expect(fromHex(toHex(passphraseBytes('x'.repeat(16))))).toEqual(utf8('x'.repeat(16)))
  })
})
