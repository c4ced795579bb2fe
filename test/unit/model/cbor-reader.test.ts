import { describe, expect, it } from 'vitest'
import { fromHex } from '../../../src/base/bytes.ts'
import { CborReader } from '../../../src/model/cbor-reader.ts'

const readerOf = (hex: string) => new CborReader(fromHex(hex) ?? new Uint8Array(0), 'a thing')
const malformed = expect.objectContaining({ name: 'BackupError', code: 'malformed' }) as Error

type Read = 'uint' | 'uint64' | 'int64' | 'bytes' | 'array' | 'map'

describe('a CBOR reader', () => {
  it.each<[Read, string, unknown]>([
    ['uint', '00', 0],
    ['uint', '17', 23],
    ['uint', '1818', 24],
    ['uint', '18ff', 255],
    ['uint', '190100', 256],
    ['uint', '19ffff', 65_535],
    ['uint', '1a00010000', 65_536],
    ['uint', '1affffffff', 0xffff_ffff],
    ['uint', '1b0000000100000000', 0x1_0000_0000],
    ['uint', '1b001fffffffffffff', Number.MAX_SAFE_INTEGER],
    ['uint64', '1bffffffffffffffff', 2n ** 64n - 1n],
    ['uint64', '05', 5n],
    ['int64', '1b7fffffffffffffff', 2n ** 63n - 1n],
    ['int64', '3b7fffffffffffffff', -(2n ** 63n)],
    ['int64', '20', -1n],
    ['bytes', '40', new Uint8Array(0)],
    ['bytes', '4201ff', Uint8Array.of(1, 255)],
    ['array', '820000', 2],
    ['map', 'a10000', 1],
  ])('reads %s from %s', (read, hex, value) => {
    expect(readerOf(hex)[read]()).toEqual(value)
  })

  it.each<[Read, string]>([
    ['uint', '1b0020000000000000'],
    ['uint', '20'],
    ['int64', '1b8000000000000000'],
    ['int64', '3b8000000000000000'],
    ['uint64', '3b0000000100000000'],
    ['uint', '1817'],
    ['uint', '1900ff'],
    ['uint', '1a0000ffff'],
    ['uint', '1b00000000ffffffff'],
    ['uint64', '1817'],
    ['uint64', '1b00000000ffffffff'],
    ['int64', '3b00000000ffffffff'],
    ['bytes', '58020000'],
    ['array', '980100'],
    ['map', 'b8010000'],
    ['bytes', '5f4101ff'],
    ['array', '9f00ff'],
    ['map', 'bf0000ff'],
    ['uint', '1c'],
    ['uint', 'f90000'],
    ['uint', 'f6'],
    ['uint', 'f7'],
    ['uint', 'c000'],
    ['bytes', '6161'],
    ['array', 'a0'],
    ['map', '80'],
    ['uint', ''],
    ['uint', '18'],
    ['uint', '1b00000001000000'],
    ['uint64', '1b00000001000000'],
    ['bytes', '4200'],
    ['bytes', '5affffffff'],
    ['bytes', '5b001fffffffffffff'],
    ['bytes', '5bffffffffffffffff'],
    ['array', '8200'],
    ['array', '9affffffff00'],
    ['map', 'a100'],
    ['map', 'bb001fffffffffffff0000'],
  ])('reads no %s from %s', (read, hex) => {
    expect(() => readerOf(hex)[read]()).toThrow(malformed)
  })

  it('knows whether bytes follow', () => {
    const reader = readerOf('0102')
    reader.uint()
    expect(() => {
      reader.end()
    }).toThrow(malformed)
    expect(reader.at).toBe(1)
    reader.uint()
    reader.end()
  })
})
