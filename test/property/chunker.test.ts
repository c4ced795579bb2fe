import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chunkerCapacityBytes, createChunker } from '../../src/chunker/chunker.ts'
import { createGear64Kernel } from '../../src/chunker/gear64.ts'
import { referenceCuts } from '../../src/chunker/gear64-reference.ts'
import type { ChunkerParameters } from '../../src/chunker/parameters.ts'
import { pseudoRandomBytes } from '../support/pseudo-random.ts'
import { cutsOf } from '../support/cuts-of.ts'

const table = pseudoRandomBytes('table', 2048)
const parameters: ChunkerParameters = {
  minBytes: 300,
  normalBytes: 600,
  maxBytes: 3000,
  strictBits: 10,
  looseBits: 7,
}
const blockBytes = 4000

const file = fc.tuple(fc.string(), fc.nat(40_000), fc.nat(300)).map(([seed, length, period]) => {
  const bytes = pseudoRandomBytes(seed, length)
  return period < 100 ? bytes.map((_, at) => bytes[at % (period + 1)] ?? 0) : bytes
})
const blocks = fc.array(fc.integer({ min: 1, max: blockBytes }), { minLength: 1 })

/** The chunker's cuts when the n-th read gives `sizes[n]` bytes. */
function cutsWith(sizes: readonly number[], data: Uint8Array): number[] {
  const kernel = createGear64Kernel(table, chunkerCapacityBytes(parameters, blockBytes))
  let reads = 0
  return cutsOf(
    createChunker(kernel, parameters, blockBytes),
    data,
    () => sizes[reads++ % sizes.length] ?? 1,
  )
}

describe('chunks', () => {
  it('do not depend on how the file was read', () => {
    fc.assert(
      fc.property(file, blocks, (data, sizes) => {
        expect(cutsWith(sizes, data)).toEqual(referenceCuts(data, table, parameters))
      }),
    )
  })

  it('are within their bounds and cover the file', () => {
    fc.assert(
      fc.property(file, (data) => {
        const cuts = cutsWith([blockBytes], data)
        const lengths = cuts.map((cut, index) => cut - (cuts[index - 1] ?? 0))
        expect(cuts.at(-1) ?? 0).toBe(data.length)
        expect(lengths.every((length) => length >= 1 && length <= parameters.maxBytes)).toBe(true)
        expect(lengths.slice(0, -1).every((length) => length >= parameters.minBytes)).toBe(true)
      }),
    )
  })

  it('come out the same when parts of a file are scanned apart and the cuts chosen afterwards', () => {
    fc.assert(
      fc.property(file, fc.integer({ min: 1, max: 5000 }), (data, partBytes) => {
        const places = new Set(scanInParts(data, partBytes))
        const chosen = chooseCuts(
          data.length,
          places,
          scanInParts(data, partBytes, parameters.strictBits),
        )
        expect(chosen).toEqual(referenceCuts(data, table, parameters))
      }),
    )
  })
})

/** Every place with `bits` zero bits, each part scanned in a kernel that holds only it and the 63 bytes before it. */
function scanInParts(data: Uint8Array, partBytes: number, bits = parameters.looseBits): number[] {
  const kernel = createGear64Kernel(table, partBytes + 63)
  const places: number[] = []
  for (let from = 0; from < data.length; from += partBytes) {
    const before = Math.min(63, from)
    const part = data.subarray(from - before, from + partBytes)
    kernel.memory.set(part)
    let at = kernel.scan(0, before, part.length, bits)
    for (; at < part.length; at = kernel.scan(0, at + 1, part.length, bits))
      places.push(from - before + at)
  }
  return places
}

function chooseCuts(length: number, loose: Set<number>, strict: readonly number[]): number[] {
  const strictPlaces = new Set(strict)
  const cuts: number[] = []
  let start = 0
  for (let at = 0; at < length; at++) {
    const size = at + 1 - start
    const judged = size >= parameters.minBytes
    const places = size < parameters.normalBytes ? strictPlaces : loose
    if ((judged && places.has(at)) || size === parameters.maxBytes || at + 1 === length) {
      cuts.push(at + 1)
      start = at + 1
    }
  }
  return cuts
}
