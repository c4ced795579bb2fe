import { describe, expect, it } from 'vitest'
import {
  ascii,
  bufferOf,
  compareBytes,
  concatBytes,
  equalBytes,
  fromBase64Url,
  fromHex,
  joinBytes,
  readU32,
  systemRandom,
  toBase64Url,
  toHex,
  u8,
  u32,
  u64,
  utf8,
  viewOf,
} from '../../../src/base/bytes.ts'

const bytes = (...values: number[]) => Uint8Array.from(values)

describe('joining', () => {
  it('puts parts one after another into memory of their own', () => {
    const first = bytes(1, 2)
    const joined = concatBytes(first, bytes(), bytes(3))
    first[0] = 9
    expect(joined).toEqual(bytes(1, 2, 3))
  })

  it('of nothing is empty', () => {
    expect(concatBytes()).toEqual(bytes())
  })

  it('takes lists that are too long for the arguments of a call', () => {
    const parts = Array.from({ length: 300_000 }, () => u8(7))
    expect(joinBytes(parts)).toHaveLength(300_000)
  })
})

describe('comparing', () => {
  it('goes by unsigned values, not by signed ones', () => {
    expect(compareBytes(bytes(0x7f), bytes(0x80))).toBeLessThan(0)
    expect(compareBytes(bytes(0xff), bytes(0x01))).toBeGreaterThan(0)
  })

  it('puts a prefix before what it begins', () => {
    expect(compareBytes(bytes(1), bytes(1, 0))).toBeLessThan(0)
    expect(compareBytes(bytes(), bytes(0))).toBeLessThan(0)
  })

  it('calls equal what has the same bytes, whatever memory they lie in', () => {
    const whole = bytes(0, 1, 2, 3)
    expect(equalBytes(whole.subarray(1, 3), bytes(1, 2))).toBe(true)
    expect(equalBytes(bytes(1, 2), bytes(1, 3))).toBe(false)
    expect(equalBytes(bytes(1), bytes(1, 0))).toBe(false)
  })
})

describe('integers', () => {
  it('are little-endian', () => {
    expect(u8(0xfe)).toEqual(bytes(0xfe))
    expect(u32(0x01020304)).toEqual(bytes(4, 3, 2, 1))
    expect(u64(0x0102030405060708n)).toEqual(bytes(8, 7, 6, 5, 4, 3, 2, 1))
  })

  it('keep their highest values', () => {
    expect(u32(0xffff_ffff)).toEqual(bytes(255, 255, 255, 255))
    expect(u64(2 ** 53 - 1)).toEqual(bytes(255, 255, 255, 255, 255, 255, 31, 0))
    expect(toHex(u64(2n ** 64n - 1n))).toBe('ffffffffffffffff')
  })

  it('are read from any offset of a view into larger memory', () => {
    const view = concatBytes(bytes(9), u32(7), u32(0xffff_ffff)).subarray(1)
    expect(readU32(view, 0)).toBe(7)
    expect(readU32(view, 4)).toBe(0xffff_ffff)
  })

  it('are not read beyond the end', () => {
    expect(() => readU32(bytes(1, 2, 3, 4), 1)).toThrow(RangeError)
  })
})

describe('views', () => {
  it('share the memory of what they show, and no more of it', () => {
    const part = bytes(0, 1, 2, 3).subarray(1, 3)
    bufferOf(part)[0] = 7
    viewOf(part).setUint8(1, 8)
    expect(part).toEqual(bytes(7, 8))
    expect(bufferOf(part)).toHaveLength(2)
    expect(viewOf(part).byteLength).toBe(2)
  })
})

describe('text forms', () => {
  it('of text are its ASCII or UTF-8 bytes', () => {
    expect(ascii('backup/v1')).toEqual(utf8('backup/v1'))
    expect(utf8('ä€')).toEqual(bytes(0xc3, 0xa4, 0xe2, 0x82, 0xac))
  })

  it('hexadecimal comes back as the same bytes', () => {
    const all = Uint8Array.from({ length: 256 }, (_, value) => value)
    expect(fromHex(toHex(all))).toEqual(all)
    expect(fromHex('')).toEqual(bytes())
  })

  it.each(['0', 'AB', '0g', ' 00', '00\n', '0x00'])('%j is no hexadecimal', (text) => {
    expect(fromHex(text)).toBeUndefined()
  })

  it('base64url comes back as the same bytes, without padding', () => {
    for (const value of [bytes(), bytes(0xfb), bytes(0xff, 0xff), bytes(0xfb, 0xef, 0xbe)]) {
      expect(toBase64Url(value)).toMatch(/^[\w-]*$/)
      expect(fromBase64Url(toBase64Url(value))).toEqual(value)
    }
    expect(toBase64Url(bytes(0xfb, 0xef, 0xbe))).toBe('----')
  })

  it.each([
    ['padding', '-w=='],
    ['the other alphabet', '+w'],
    ['bits that no byte needs', '-x'],
    ['a lonely character', 'A'],
    ['white space', 'AA AA'],
  ])('base64url with %s is refused: each value is written in one way only', (_, text) => {
    expect(fromBase64Url(text)).toBeUndefined()
  })
})

describe('randomness', () => {
  it('gives as many bytes as were asked for, and other ones each time', () => {
    expect(systemRandom(0)).toHaveLength(0)
    expect(systemRandom(32)).toHaveLength(32)
    expect(systemRandom(32)).not.toEqual(systemRandom(32))
  })
})
