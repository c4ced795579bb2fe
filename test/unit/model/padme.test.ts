import { describe, expect, it } from 'vitest'
import { directoryBytesFor, paddedPackBytes } from '../../../src/model/pack.ts'
import { padme } from '../../../src/model/padme.ts'
import { padPayload } from '../../../src/model/sealed-object.ts'
import { expectVectors } from '../../support/vectors.ts'

const mostBytes = 32 * 1024 * 1024

const powers = [3, 4, 5, 8, 9, 12, 14, 16, 20, 24].flatMap((power) => {
  const bytes = 2 ** power
  return [bytes - 1, bytes, bytes + 1]
})
const lengths = [0, 1, 2, 3, ...powers, 1_000, 100_000, 10_000_000, mostBytes - 1, mostBytes]

const byPage = (length: number): number => {
  if (length < 2) return length
  const highest = (value: number) => 31 - Math.clz32(value)
  const dropped = highest(length) - (highest(highest(length)) + 1)
  return ((length + 2 ** dropped - 1) >> dropped) << dropped
}

it('padded lengths are those of the vectors', () => {
  expectVectors('padme', {
    about: 'Padded lengths in bytes (docs/format.md 4 and 5).',
    padme: lengths.map((length) => ({ length, padded: padme(length) })),
    packs: [4_243, 16_384, 16_385, 17_000, 16_777_217, mostBytes].map((content) => ({
      about: 'a pack whose header, directory and segments take so many bytes',
      content,
      padded: paddedPackBytes(content),
    })),
    directories: [1, 4_076, 4_077, 8_172, 8_173, 1_500_000].map((plain) => ({
      about: 'a pack directory of so many bytes, as stored',
      plain,
      stored: directoryBytesFor(plain),
    })),
    payloads: [0, 508, 509, 1_000, 1_000_000].map((payload) => ({
      about: 'the plaintext of a sealed object with a payload of so many bytes',
      payload,
      plain: padPayload(new Uint8Array(payload)).length,
    })),
  })
})

describe('a padded length', () => {
  const sample = [
    ...Array(70_000).keys(),
    ...lengths,
    ...[1, 2, 3].map((part) => (mostBytes / part) | 0),
  ]

  it('is what the page says', () => {
    expect(sample.filter((length) => padme(length) !== byPage(length))).toEqual([])
  })

  it('is no shorter, at most 12 % longer, and itself when padded again', () => {
    const isGood = (length: number, padded: number) =>
      padded >= length && padded <= 1.12 * length && padme(padded) === padded
    expect(sample.filter((length) => !isGood(length, padme(length)))).toEqual([])
  })

  it('never leads beyond the limit of a pack', () => {
    expect(padme(mostBytes - 1)).toBe(mostBytes)
    expect(padme(mostBytes)).toBe(mostBytes)
  })

  it('is one of few: 65,536 lengths share 32', () => {
    const from = 2 ** 16
    const padded = new Set(Array.from({ length: from }, (_, index) => padme(from + 1 + index)))
    expect(padded.size).toBe(32)
  })
})
