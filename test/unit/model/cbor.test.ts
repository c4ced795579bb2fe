import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../../src/base/bytes.ts'
import {
  asArray,
  asBytes,
  asText,
  asUint,
  decodeCbor,
  encodeCbor,
  fieldsOf,
  type CborValue,
} from '../../../src/model/cbor.ts'
import { allCut, refusalsOf } from '../../support/damaged.ts'

const bytesOf = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array(0)
const malformed = expect.objectContaining({ name: 'BackupError', code: 'malformed' }) as Error

const refused: Readonly<Record<string, string>> = {
  'no value': '',
  'a value behind the value': '0000',
  'map keys that descend': 'a201000000',
  'a map key twice': 'a200000001',
  'a map key of text': 'a1616100',
  'a map key of bytes': 'a1410100',
  'a negative map key': 'a12000',
  'a map key of 2^53': 'a11b002000000000000000',
  'a negative integer below -2^63': '3b8000000000000000',
  'the least integer of CBOR': '3bffffffffffffffff',
  'a float of 16 bits that is 0': 'f90000',
  'a float of 16 bits that is 1': 'f93c00',
  'a float of 32 bits': 'fa3f800000',
  'a float of 64 bits': 'fb3ff8000000000000',
  'not a number': 'f97e00',
  'an infinite number': 'f97c00',
  'a tag': 'c000',
  'a large integer as a tag': 'c24101',
  'an undefined value': 'f7',
  'a null': 'f6',
  'a false': 'f4',
  'a true': 'f5',
  'a simple value': 'e0',
  'a simple value of two bytes': 'f820',
  'a break': 'ff',
  'a reserved length': '1c',
  'a text that is not UTF-8': '62c328',
  'a text with a surrogate': '63eda080',
  'a text in an overlong form': '62c080',
  'an array of indefinite length': '9f01ff',
  'a map of indefinite length': 'bf0000ff',
  'bytes of indefinite length': '5f4101ff',
  'a text of indefinite length': '7f6161ff',
  '23 in two bytes': '1817',
  '255 in three bytes': '1900ff',
  '65,535 in five bytes': '1a0000ffff',
  '2^32 - 1 in nine bytes': '1b00000000ffffffff',
  'a negative integer in two bytes': '3800',
  'a length in two bytes': '580101',
  'a count in two bytes': '980100',
  'a map count in two bytes': 'b8010000',
}

/** Lengths far beyond the input: nothing may be allocated for them. */
const huge: Readonly<Record<string, string>> = {
  'bytes of 2^32 - 1': '5affffffff',
  'bytes of 2^62': '5b4000000000000000',
  'a text of 2^32 - 1': '7affffffff',
  'a text of 2^62': '7b4000000000000000',
  'an array of 2^32 - 1': '9affffffff00',
  'an array of 2^52': '9b001000000000000000',
  'an array of 2^62': '9b400000000000000000',
  'a map of 2^32 - 1': 'baffffffff0000',
  'a map of 2^52': 'bb00100000000000000000',
}

describe('a CBOR value', () => {
  it.each(Object.entries(refused))('is refused: %s', (_, hex) => {
    expect(() => decodeCbor(bytesOf(hex))).toThrow(malformed)
  })

  it.each(Object.entries(huge))('is refused: %s', (_, hex) => {
    expect(() => decodeCbor(bytesOf(hex))).toThrow(malformed)
  })

  it('may be nested 16 deep and no deeper', () => {
    expect(decodeCbor(bytesOf(`${'81'.repeat(16)}00`))).toBeInstanceOf(Array)
    expect(() => decodeCbor(bytesOf(`${'81'.repeat(17)}00`))).toThrow(malformed)
    expect(() => decodeCbor(new Uint8Array(1_000_000).fill(0x81))).toThrow(malformed)
  })

  it('is refused when it ends early', () => {
    const whole = encodeCbor(new Map<number, CborValue>([[0, [1, 'zwei', new Uint8Array(30)]]]))
    expect(refusalsOf(allCut(whole), decodeCbor)).toEqual(['malformed'])
  })

  it.each<[string, CborValue]>([
    ['00', 0],
    ['17', 23],
    ['1818', 24],
    ['1b001fffffffffffff', Number.MAX_SAFE_INTEGER],
    ['1b0020000000000000', 2n ** 53n],
    ['1bffffffffffffffff', 2n ** 64n - 1n],
    ['20', -1],
    ['3b001ffffffffffffe', Number.MIN_SAFE_INTEGER],
    ['3b7fffffffffffffff', -(2n ** 63n)],
    ['4201ff', Uint8Array.of(1, 255)],
    ['60', ''],
    ['63e282ac', '€'],
    ['64f09f9882', '😂'],
    ['8201820203', [1, [2, 3]]],
    [
      'a3000018180119012c02',
      new Map([
        [300, 2],
        [24, 1],
        [0, 0],
      ]),
    ],
  ])('is written as %s and read again', (hex, value) => {
    expect(toHex(encodeCbor(value))).toBe(hex)
    expect(toHex(encodeCbor(decodeCbor(bytesOf(hex))))).toBe(hex)
    expect(decodeCbor(bytesOf(hex))).toEqual(value)
  })

  it('keeps a byte order mark at the beginning of a text', () => {
    for (const text of ['\ufeff', '\ufeff*.tmp', `\ufeff${'x'.repeat(100)}`]) {
      expect(decodeCbor(encodeCbor([text]))).toEqual([text])
    }
  })

  it.each<number | bigint>([
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    -0,
    2 ** 53,
    2n ** 64n,
    -(2n ** 63n) - 1n,
  ])('is never %d', (number) => {
    expect(() => encodeCbor(number)).toThrow(malformed)
  })

  it('shares no memory with its input', () => {
    for (const input of [bytesOf('4201ff'), Buffer.from('4201ff', 'hex')]) {
      const value = decodeCbor(input)
      input.fill(0)
      expect(value).toEqual(Uint8Array.of(1, 255))
    }
  })
})

describe('the fields of a map', () => {
  const fields = () => fieldsOf(decodeCbor(bytesOf('a30001014102026161')), 'a thing')

  it('are read by key and kind', () => {
    const read = fields()
    expect([read.uint(0), read.bytes(1, 1), read.text(2), read.has(3)]).toEqual([
      1,
      Uint8Array.of(2),
      'a',
      false,
    ])
    read.finish()
  })

  it('are refused when one is missing, or of another kind or length', () => {
    expect(() => fields().uint(3)).toThrow(malformed)
    expect(() => fields().uint(1)).toThrow(malformed)
    expect(() => fields().bytes(0)).toThrow(malformed)
    expect(() => fields().bytes(1, 2)).toThrow(malformed)
    expect(() => fields().text(1)).toThrow(malformed)
    expect(() => fields().array(1)).toThrow(malformed)
    expect(() => fields().map(1)).toThrow(malformed)
    expect(() => fields().bigint(1)).toThrow(malformed)
  })

  it('are refused when there is one that nobody asked for', () => {
    const read = fields()
    read.uint(0)
    expect(() => {
      read.finish()
    }).toThrow(malformed)
  })

  it.each(['00', '80', '6161'])('are refused when %s is no map', (hex) => {
    expect(() => fieldsOf(decodeCbor(bytesOf(hex)), 'a thing')).toThrow(malformed)
  })

  it('are refused as unsigned integers when negative or beyond 2^53', () => {
    for (const hex of ['a10020', 'a1001b0020000000000000']) {
      expect(() => fieldsOf(decodeCbor(bytesOf(hex)), 'a thing').uint(0)).toThrow(malformed)
    }
  })
})

it('items of arrays are refused when they are of another kind or number', () => {
  expect(() => asUint(-1, 'it')).toThrow(malformed)
  expect(() => asUint(undefined, 'it')).toThrow(malformed)
  expect(() => asBytes('a', 'it')).toThrow(malformed)
  expect(() => asBytes(new Uint8Array(3), 'it', 2)).toThrow(malformed)
  expect(() => asText(1, 'it')).toThrow(malformed)
  expect(() => asArray(1, 'it')).toThrow(malformed)
  expect(() => asArray([1], 'it', 2)).toThrow(malformed)
})
