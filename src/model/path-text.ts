/**
 * Names and paths as text for people and their terminals. Bytes that are no UTF-8, control characters (line breaks,
 * escape sequences) and invisible ones that change how text is laid out are shown as `\xHH`; nothing else is, so that
 * ordinary names, also those with a backslash, read and are typed as they are. The bytes can be had back.
 */

import { isUtf8 } from 'node:buffer'
import { bufferOf, concatBytes, utf8 } from '../base/bytes.ts'

export function toDisplay(bytes: Uint8Array): string {
  const whole = isUtf8(bytes) ? bufferOf(bytes).toString('utf8') : undefined
  if (whole !== undefined && !whole.includes('\\') && !hidden.test(whole)) return whole
  let text = ''
  for (let at = 0; at < bytes.length;) {
    const length = characterLength(bytes, at)
    text += displayCharacter(bytes, at, length)
    at += Math.max(length, 1)
  }
  return text
}

/** The bytes of a text from `toDisplay`; any other text gives its own bytes. */
export function fromDisplay(text: string): Uint8Array {
  const parts: Uint8Array[] = []
  let from = 0
  for (const match of text.matchAll(/\\x([0-9a-f]{2})/gi)) {
    const byte = parseInt(match[1] ?? '', 16)
    if (!isEscaped(byte)) continue
    parts.push(utf8(text.slice(from, match.index)), Uint8Array.of(byte))
    from = match.index + match[0].length
  }
  return concatBytes(...parts, utf8(text.slice(from)))
}

/** For a path that was not found: bytes that are no UTF-8 do not reach a program of Node as they were typed. */
export const notFoundHint = (text: string, usual: string): string =>
  text.includes('\ufffd')
    ? 'A byte that is no UTF-8 is written \\xHH, as backup ls shows it.'
    : usual

/** Control, format and line-separating characters; not the joiners that words and emoji are spelt with. */
const hidden = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

const backslash = 0x5c

/** The bytes that `\xHH` can stand for: everything but visible ASCII, and the backslash. */
const isEscaped = (byte: number): boolean => byte < 0x20 || byte >= 0x7f || byte === backslash

function displayCharacter(bytes: Uint8Array, at: number, length: number): string {
  if (length === 0) return escapeByte(bytes[at] ?? 0)
  const slice = bytes.subarray(at, at + length)
  const character = bufferOf(slice).toString('utf8')
  const ambiguous = bytes[at] === backslash && looksEscaped(bytes, at)
  return ambiguous || hidden.test(character) ? Array.from(slice, escapeByte).join('') : character
}

const escapeByte = (byte: number): string => `\\x${byte.toString(16).padStart(2, '0')}`

/** Whether the backslash at `at` begins what would be read as an escaped byte. */
function looksEscaped(bytes: Uint8Array, at: number): boolean {
  const text = bufferOf(bytes.subarray(at, at + 4)).toString('latin1')
  const match = /^\\x([0-9a-f]{2})$/i.exec(text)
  return match !== null && isEscaped(parseInt(match[1] ?? '', 16))
}

/** The bytes of the UTF-8 character at `at`; 0 where there is none. */
function characterLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0
  const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
  const slice = bytes.subarray(at, at + length)
  return slice.length === length && isUtf8(slice) ? length : 0
}
