/** Byte strings: joining, comparing, integers, text forms. All integers are little-endian. */

import { randomFillSync } from 'node:crypto'

/** Randomness as an argument: `length` unpredictable bytes. */
export type RandomBytes = (length: number) => Uint8Array<ArrayBuffer>

export const systemRandom: RandomBytes = (length) => randomFillSync(new Uint8Array(length))

export const emptyBytes: Uint8Array = new Uint8Array(0)

export const concatBytes = (...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> =>
  joinBytes(parts)

/** For lists of any length: a call takes no more than about 100,000 arguments. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** Order by unsigned byte values, a prefix before what it begins. */
export const compareBytes = (a: Uint8Array, b: Uint8Array): number => Buffer.compare(a, b)

export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && Buffer.compare(a, b) === 0

export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** A Buffer over the same memory, for Node's text conversions. */
export const bufferOf = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

export function u8(value: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(value)
}

export function u32(value: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(4)
  viewOf(out).setUint32(0, value, true)
  return out
}

export function u64(value: number | bigint): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(8)
  viewOf(out).setBigUint64(0, BigInt(value), true)
  return out
}

export const readU32 = (bytes: Uint8Array, at: number): number => viewOf(bytes).getUint32(at, true)

export const ascii = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(Buffer.from(text, 'ascii'))
export const utf8 = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(Buffer.from(text, 'utf8'))

export const toHex = (bytes: Uint8Array): string => bufferOf(bytes).toString('hex')

/** Lower-case hexadecimal to bytes; undefined for anything else. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) return undefined
  return Uint8Array.from(Buffer.from(text, 'hex'))
}

export const toBase64Url = (bytes: Uint8Array): string => bufferOf(bytes).toString('base64url')

/** Canonical unpadded base64url to bytes; undefined for anything else. */
export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? Uint8Array.from(bytes) : undefined
}
