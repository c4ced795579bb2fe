import { describe, expect, it } from 'vitest'
import { ascii, concatBytes, toHex, u32, u64, u8 } from '../../../src/base/bytes.ts'
import { sha256 } from '../../../src/base/hash.ts'
import { checkZstdFrame } from '../../../src/model/zstd-frame.ts'
import { createCompressor, decompress } from '../../../src/repository/compression.ts'
import { allCut, refusalOf, refusalsOf } from '../../support/damaged.ts'
import { expectVectors } from '../../support/vectors.ts'
import {
  compressedText,
  compressibleText,
  rleBlocks,
  rleFrame,
  zstdFrame,
  zstdMagic,
} from '../../support/zstd-frames.ts'

const u16 = (value: number): Uint8Array => u32(value).subarray(0, 2)
const rle = (descriptor: number, fields: Uint8Array, length: number) =>
  zstdFrame({ descriptor, fields, blocks: rleBlocks(0x61, length) })

interface Frame {
  readonly about: string
  readonly raw: Uint8Array
  readonly frame: Uint8Array
}

const repeated = (about: string, length: number, frame: Uint8Array): Frame => ({
  about,
  raw: new Uint8Array(length).fill(0x61),
  frame,
})

const eightMiB = 8_388_608
const window = (exponent: number, mantissa: number) => u8(((exponent - 10) << 3) | mantissa)

const accepted: readonly Frame[] = [
  repeated('one segment, its size in one byte', 100, rle(0x20, u8(100), 100)),
  repeated('one segment, its size in two bytes', 1_000, rle(0x60, u16(1_000 - 256), 1_000)),
  repeated('one segment, its size in four bytes', 1_000, rle(0xa0, u32(1_000), 1_000)),
  repeated('one segment, its size in eight bytes', 1_000, rleFrame(0x61, 1_000)),
  repeated(
    'a window of 2 MiB and two blocks',
    200_000,
    rle(0x80, concatBytes(window(21, 0), u32(200_000)), 200_000),
  ),
  repeated(
    'a window of 8 MiB',
    1_000,
    rle(0x40, concatBytes(window(23, 0), u16(1_000 - 256)), 1_000),
  ),
  repeated('the largest segment', eightMiB, rleFrame(0x61, eightMiB)),
  { about: 'made by zstd', raw: ascii(compressibleText), frame: compressedText },
]

interface Refused {
  readonly about: string
  readonly rawBytes: number
  readonly frame: Uint8Array
}

const good = rleFrame(0x61, 1_000)
const a = { rawBytes: 1_000 }

/** Refused by their headers. */
const badHeaders: readonly Refused[] = [
  { ...a, about: 'no bytes', frame: new Uint8Array(0) },
  { ...a, about: 'another beginning', frame: concatBytes(u8(0x29), good.subarray(1)) },
  { ...a, about: 'the frame of an older zstd', frame: concatBytes(u8(0x27), good.subarray(1)) },
  {
    ...a,
    about: 'a frame to be skipped',
    frame: concatBytes(u32(0x184d2a50), u32(16), new Uint8Array(16)),
  },
  {
    ...a,
    about: 'a frame to be skipped before the frame',
    frame: concatBytes(u32(0x184d2a50), u32(0), good),
  },
  {
    ...a,
    about: 'a dictionary id of one byte',
    frame: rle(0xe1, concatBytes(u8(1), u64(1_000)), 1_000),
  },
  {
    ...a,
    about: 'a dictionary id of two bytes',
    frame: rle(0xe2, concatBytes(u16(1), u64(1_000)), 1_000),
  },
  {
    ...a,
    about: 'a dictionary id of four bytes',
    frame: rle(0xe3, concatBytes(u32(1), u64(1_000)), 1_000),
  },
  { ...a, about: 'a dictionary id of 0', frame: rle(0xe1, concatBytes(u8(0), u64(1_000)), 1_000) },
  {
    ...a,
    about: 'a checksum',
    frame: concatBytes(rle(0xe4, u64(1_000), 1_000), u32(0x12345678)),
  },
  { ...a, about: 'a reserved bit', frame: rle(0xe8, u64(1_000), 1_000) },
  { ...a, about: 'no size', frame: rle(0x00, window(20, 0), 1_000) },
  {
    ...a,
    about: 'a window of 9 MiB',
    frame: rle(0x40, concatBytes(window(23, 1), u16(1_000 - 256)), 1_000),
  },
  {
    ...a,
    about: 'the largest window',
    frame: rle(0x40, concatBytes(u8(0xff), u16(1_000 - 256)), 1_000),
  },
  { ...a, about: 'a smaller size than it should', frame: rleFrame(0x61, 999) },
  { ...a, about: 'a larger size than it should', frame: rleFrame(0x61, 1_001) },
  { ...a, about: 'a size of 2^64 - 1', frame: rle(0xe0, u64(2n ** 64n - 1n), 1_000) },
]

/** Refused by what follows their headers. */
const badContents: readonly Refused[] = [
  { ...a, about: 'less than it states', frame: rle(0xe0, u64(1_000), 999) },
  { ...a, about: 'more than it states', frame: rle(0xe0, u64(1_000), 1_001) },
  { ...a, about: 'a byte behind it', frame: concatBytes(good, u8(0)) },
  { ...a, about: 'a second frame behind it', frame: concatBytes(good, good) },
  {
    ...a,
    about: 'an empty frame behind it',
    frame: concatBytes(good, zstdMagic, u8(0x20), u8(0), u32(1).subarray(0, 3)),
  },
  {
    ...a,
    about: 'a frame to be skipped behind it',
    frame: concatBytes(good, u32(0x184d2a50), u32(0)),
  },
  {
    ...a,
    about: 'a block of the reserved kind',
    frame: zstdFrame({ descriptor: 0xe0, fields: u64(1_000), blocks: Uint8Array.of(7, 0, 0) }),
  },
  {
    ...a,
    about: 'no last block',
    frame: zstdFrame({
      descriptor: 0xe0,
      fields: u64(1_000),
      blocks: concatBytes(u32((1_000 << 3) | 2).subarray(0, 3), u8(0x61)),
    }),
  },
]

it('zstd frames are those of the vectors', () => {
  expectVectors('zstd-frame', {
    about:
      'zstd frames as the content of segments (docs/format.md 4, codec 1). Byte strings are hexadecimal.',
    frames: accepted.map(({ about, raw, frame }) => ({
      about,
      rawBytes: raw.length,
      rawSha256: sha256(raw),
      ...(raw.length <= 1_000 && { raw }),
      frame,
    })),
    refused: [...badHeaders, ...badContents],
  })
})

describe('a zstd frame', () => {
  it.each(accepted)('is decompressed: $about', ({ raw, frame }) => {
    expect(sha256(decompress(frame, raw.length))).toEqual(sha256(raw))
  })

  it.each(badHeaders)('is refused before it is decompressed with $about', ({ rawBytes, frame }) => {
    expect(
      refusalOf(() => {
        checkZstdFrame(frame, rawBytes)
      }),
    ).toBe('malformed')
    expect(refusalOf(() => decompress(frame, rawBytes))).toBe('malformed')
  })

  it.each(badContents)('is refused with $about', ({ rawBytes, frame }) => {
    expect(refusalOf(() => decompress(frame, rawBytes))).toBe('malformed')
  })

  it('is refused when cut off', () => {
    for (const { raw, frame } of accepted.slice(0, 6)) {
      expect(refusalsOf(allCut(frame), (input) => decompress(input, raw.length))).toEqual([
        'malformed',
      ])
    }
  })

  it.each([-5, 1, 3, 19, 22])('is what the compressor makes on level %i', (level) => {
    const raw = ascii(compressibleText.repeat(20_000).slice(0, eightMiB))
    const { codec, content } = createCompressor(level).compress(raw)
    expect(codec).toBe(1)
    checkZstdFrame(content, raw.length)
    expect(toHex(sha256(decompress(content, raw.length)))).toBe(toHex(sha256(raw)))
  })
})
