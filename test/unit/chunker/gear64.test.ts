import { describe, expect, it } from 'vitest'
import { createGear64Kernel } from '../../../src/chunker/gear64.ts'
import { referenceHash } from '../../../src/chunker/gear64-reference.ts'
import { pseudoRandomBytes } from '../../support/pseudo-random.ts'

const table = pseudoRandomBytes('table', 2048)
const lengthBytes = 40_000

const inputs: readonly [string, Uint8Array][] = [
  ['random', pseudoRandomBytes('data', lengthBytes)],
  ['all zero', new Uint8Array(lengthBytes)],
  ['all 0xff', new Uint8Array(lengthBytes).fill(0xff)],
  ['period 64', Uint8Array.from({ length: lengthBytes }, (_, at) => (at % 64) * 3)],
]

function loaded(data: Uint8Array) {
  const kernel = createGear64Kernel(table, data.length)
  kernel.memory.set(data)
  return kernel
}

const hasZeroTop = (data: Uint8Array, at: number, bits: number): boolean =>
  referenceHash(data, at, table) >> BigInt(64 - bits) === 0n

describe('the gear64 kernel', () => {
  it.each(inputs)('finds every place that the reference finds in %s data', (_, data) => {
    const kernel = loaded(data)
    const found: number[] = []
    const end = data.length
    for (let at = kernel.scan(0, 0, end, 7); at < end; at = kernel.scan(0, at + 1, end, 7))
      found.push(at)
    const expected = [...data.keys()].filter((at) => hasZeroTop(data, at, 7))
    expect(found).toEqual(expected)
  })

  it('finds places in random data at all', () => {
    const data = pseudoRandomBytes('data', lengthBytes)
    expect(loaded(data).scan(0, 0, lengthBytes, 7)).toBeLessThan(lengthBytes)
  })

  it.each([1, 2, 7, 8, 9, 62, 63, 64, 65, 200])(
    'sees the same from %i bytes into the data',
    (from) => {
      const data = pseudoRandomBytes('parts', 4096)
      const expected = [...data.keys()].find((at) => at >= from && hasZeroTop(data, at, 6))
      expect(loaded(data).scan(0, from, data.length, 6)).toBe(expected)
    },
  )

  it('takes no byte from below the floor into account', () => {
    const data = pseudoRandomBytes('floor', 4096)
    const behind = data.subarray(30)
    const expected = [...behind.keys()].find((at) => hasZeroTop(behind, at, 3))
    expect(loaded(data).scan(30, 30, data.length, 3) - 30).toBe(expected)
  })

  it('judges no byte from `to` on', () => {
    const data = pseudoRandomBytes('to', 4096)
    const kernel = loaded(data)
    const first = kernel.scan(0, 0, 4096, 5)
    for (let to = 0; to <= first; to++) expect(kernel.scan(0, 0, to, 5)).toBe(to)
    expect(kernel.scan(0, 0, first + 1, 5)).toBe(first)
  })

  it('compares up to 63 bits', () => {
    // With a table of zeros but for one byte, only the bit that this byte sets is in the hash.
    const oneBit = new Uint8Array(2048)
    oneBit[8] = 1
    const kernel = createGear64Kernel(oneBit, 100)
    kernel.memory[0] = 1
    expect(kernel.scan(0, 0, 100, 63)).toBe(0)
    expect(kernel.scan(0, 1, 100, 63)).toBe(64)
    expect(kernel.scan(0, 1, 100, 62)).toBe(1)
  })

  it('refuses a table of another length', () => {
    expect(() => createGear64Kernel(new Uint8Array(2047), 100)).toThrow(RangeError)
  })

  it('hashes as docs/format.md says: the newest byte counts once, the one before it twice', () => {
    const view = new DataView(new ArrayBuffer(2048))
    view.setBigUint64(8 * 5, 3n, true)
    view.setBigUint64(8 * 6, 1n << 63n, true)
    const counted = new Uint8Array(view.buffer)
    expect(referenceHash(Uint8Array.of(5), 0, counted)).toBe(3n)
    expect(referenceHash(Uint8Array.of(5, 5, 5), 2, counted)).toBe(21n)
    expect(referenceHash(Uint8Array.of(6, 5), 1, counted)).toBe(3n)
    expect(referenceHash(Uint8Array.of(5, 6), 1, counted)).toBe((1n << 63n) + 6n)
    const bytes = new Uint8Array(65).fill(0)
    bytes[0] = 5
    expect(referenceHash(bytes, 63, counted)).toBe(1n << 63n)
    expect(referenceHash(bytes, 64, counted)).toBe(0n)
  })
})
