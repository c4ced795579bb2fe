import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../../src/base/bytes.ts'
import { BackupError } from '../../../src/base/errors.ts'
import { chunkerCapacityBytes, createChunker, type Chunker } from '../../../src/chunker/chunker.ts'
import { createGear64Kernel } from '../../../src/chunker/gear64.ts'
import { referenceCuts } from '../../../src/chunker/gear64-reference.ts'
import {
  defaultChunkerParameters,
  type ChunkerParameters,
} from '../../../src/chunker/parameters.ts'
import { pseudoRandomBytes } from '../../support/pseudo-random.ts'
import { cutsOf } from '../../support/cuts-of.ts'

const table = pseudoRandomBytes('table', 2048)
const small: ChunkerParameters = {
  minBytes: 512,
  normalBytes: 1024,
  maxBytes: 8192,
  strictBits: 12,
  looseBits: 8,
}

function chunkerFor(parameters: ChunkerParameters, blockBytes = 1000): Chunker {
  const kernel = createGear64Kernel(table, chunkerCapacityBytes(parameters, blockBytes))
  return createChunker(kernel, parameters, blockBytes)
}

const kinds: readonly [string, (lengthBytes: number) => Uint8Array][] = [
  ['random', (length) => pseudoRandomBytes('chunks', length)],
  ['all zero', (length) => new Uint8Array(length)],
  ['all 0xff', (length) => new Uint8Array(length).fill(0xff)],
  ['period 64', (length) => Uint8Array.from({ length }, (_, at) => (at % 64) * 3)],
]

describe('the chunker', () => {
  describe.each(kinds)('on %s data', (_, make) => {
    it('cuts where the reference cuts', () => {
      const data = make(300_000)
      expect(cutsOf(chunkerFor(small), data)).toEqual(referenceCuts(data, table, small))
    })

    it.each([0, 1, 63, 64, 511, 512, 513, 1023, 1024, 1025, 8191, 8192, 8193, 16_384])(
      'cuts where the reference cuts when the file has %i bytes',
      (length) => {
        const data = make(length)
        expect(cutsOf(chunkerFor(small), data)).toEqual(referenceCuts(data, table, small))
      },
    )

    it('cuts where the reference cuts with the parameters of new repositories', () => {
      const data = make(9_500_003)
      const chunker = chunkerFor(defaultChunkerParameters, 1 << 20)
      expect(cutsOf(chunker, data, 1 << 20)).toEqual(
        referenceCuts(data, table, defaultChunkerParameters),
      )
    })
  })

  it.each([
    [
      'of one size',
      { minBytes: 700, normalBytes: 700, maxBytes: 700, strictBits: 9, looseBits: 9 },
    ],
    ['of one byte', { minBytes: 1, normalBytes: 1, maxBytes: 1, strictBits: 1, looseBits: 1 }],
    [
      'shorter than the hash reaches',
      { minBytes: 1, normalBytes: 20, maxBytes: 300, strictBits: 6, looseBits: 4 },
    ],
    [
      'that are never strict',
      { minBytes: 100, normalBytes: 100, maxBytes: 900, strictBits: 7, looseBits: 7 },
    ],
    [
      'that are never loose',
      { minBytes: 100, normalBytes: 900, maxBytes: 900, strictBits: 7, looseBits: 7 },
    ],
  ])('cuts where the reference cuts with chunks %s', (_, parameters) => {
    const data = pseudoRandomBytes('odd', 30_000)
    expect(cutsOf(chunkerFor(parameters, 333), data, 333)).toEqual(
      referenceCuts(data, table, parameters),
    )
  })

  it('uses both masks and the maximum on this test data', () => {
    const data = pseudoRandomBytes('chunks', 3_000_000)
    const cuts = cutsOf(chunkerFor(small), data)
    const lengths = cuts.map((cut, index) => cut - (cuts[index - 1] ?? 0))
    expect(lengths.some((length) => length >= 512 && length < 1024)).toBe(true)
    expect(lengths.some((length) => length > 1024 && length < 2048)).toBe(true)
    expect(cutsOf(chunkerFor(small), new Uint8Array(20_000))).toEqual([8192, 16_384, 20_000])
  })

  it('gives chunks that make up the file again', () => {
    const data = pseudoRandomBytes('whole', 200_000)
    const chunks: Uint8Array[] = []
    cutsOf(chunkerFor(small), data, 1000, (chunk) => chunks.push(chunk.slice()))
    expect(concatBytes(...chunks)).toEqual(data)
  })

  it('forgets the file before: the same file gets the same cuts again', () => {
    const chunker = chunkerFor(small)
    const data = pseudoRandomBytes('again', 50_000)
    const first = cutsOf(chunker, data)
    cutsOf(chunker, pseudoRandomBytes('other', 12_345))
    expect(cutsOf(chunker, data)).toEqual(first)
  })

  it('can leave a file in its middle', () => {
    const chunker = chunkerFor(small)
    const data = pseudoRandomBytes('again', 50_000)
    chunker.start()
    chunker.room().set(data.subarray(0, 700))
    chunker.accept(700)
    expect(cutsOf(chunker, data)).toEqual(referenceCuts(data, table, small))
  })

  it('cuts elsewhere under another table', () => {
    const data = pseudoRandomBytes('table', 100_000)
    const other = pseudoRandomBytes('another table', 2048)
    expect(referenceCuts(data, other, small)).not.toEqual(referenceCuts(data, table, small))
  })

  it('keeps the cuts behind an insertion', () => {
    const data = pseudoRandomBytes('shift', 200_000)
    const longer = concatBytes(
      data.subarray(0, 50_000),
      Uint8Array.of(1, 2, 3),
      data.subarray(50_000),
    )
    const before = new Set(cutsOf(chunkerFor(small), data).map((cut) => cut + 3))
    const after = cutsOf(chunkerFor(small), longer).filter((cut) => cut > 70_000)
    expect(after.filter((cut) => !before.has(cut))).toEqual([])
  })

  it('refuses a kernel with too little memory', () => {
    const kernel = createGear64Kernel(table, small.maxBytes)
    expect(() => createChunker(kernel, small, 1000)).toThrow(RangeError)
  })

  it('refuses more bytes than there was room', () => {
    const chunker = chunkerFor(small)
    chunker.start()
    const room = chunker.room().length
    expect(() => {
      chunker.accept(room + 1)
    }).toThrow(RangeError)
  })

  it.each([
    { minBytes: 0 },
    { minBytes: 1025 },
    { maxBytes: 1023 },
    { maxBytes: 8_388_609 },
    { looseBits: 0 },
    { strictBits: 64 },
    { strictBits: 7 },
    { minBytes: 600.5 },
  ])('refuses parameters that it can not cut with: %j', (wrong) => {
    const kernel = createGear64Kernel(table, 100_000)
    expect(() => createChunker(kernel, { ...small, ...wrong }, 1000)).toThrow(BackupError)
  })
})
