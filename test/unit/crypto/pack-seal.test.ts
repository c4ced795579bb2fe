import { describe, expect, it } from 'vitest'
import { concatBytes, systemRandom } from '../../../src/base/bytes.ts'
import { sha256 } from '../../../src/base/hash.ts'
import { chunkId } from '../../../src/crypto/chunk-id.ts'
import { deriveKeys } from '../../../src/crypto/keys.ts'
import { openDirectory, openSegment, sealPack } from '../../../src/crypto/pack-seal.ts'
import { objectIdOf } from '../../../src/model/ids.ts'
import { packHeaderBytes, segmentRanges } from '../../../src/model/pack.ts'
import { decompress } from '../../../src/repository/compression.ts'
import { allCut, allFlipped, flipped, refusalOf, refusalsOf } from '../../support/damaged.ts'
import { counting, keys, masterKey, repositoryId } from './fixed-keys.ts'
import { dataPack, referenceOf, sealedSample, treePack } from './sample-packs.ts'

const { bytes, header, id } = sealedSample(dataPack)
const headBytes = packHeaderBytes + 4_096
const head = bytes.subarray(0, headBytes)
const openHead = (input: Uint8Array) => openDirectory(input, keys)

const ranges = segmentRanges(4_096, dataPack.directory.segments)
const storedOf = (ordinal: number) => bytes.subarray(ranges[ordinal]?.start, ranges[ordinal]?.end)
const segments = dataPack.directory.segments.map((facts, ordinal) => ({
  header,
  ordinal,
  facts,
  stored: storedOf(ordinal),
}))
const [first, compressed] = segments
if (first === undefined || compressed === undefined) throw new Error('the pack has segments')

describe('a sealed pack', () => {
  it.each([dataPack, treePack])('opens to what was put into it: $about', (pack) => {
    const sealed = sealedSample(pack)
    const { segments, ...directory } = openHead(sealed.bytes.subarray(0, headBytes))
    expect({ ...directory, segments }).toEqual(pack.directory)
    const raws = segmentRanges(4_096, segments).map(({ start, end }, ordinal) => {
      const facts = segments[ordinal] ?? first.facts
      const stored = sealed.bytes.subarray(start, end)
      const content = openSegment({ header: sealed.header, ordinal, facts, stored }, keys)
      return facts.codec === 1 ? decompress(content, facts.rawBytes) : content
    })
    const plaintexts = concatBytes(...pack.plaintexts.map(({ plaintext }) => plaintext))
    expect(concatBytes(...raws)).toEqual(plaintexts)
  })

  it('names its chunks by ids that are those of what it holds', () => {
    const { chunks } = openHead(head)
    expect(chunks).toEqual(dataPack.plaintexts.map(referenceOf))
    const content = openSegment(first, keys)
    expect(chunkId(keys, 1, content.subarray(0, 16))).toBe(chunks[0]?.id)
    expect(chunkId(keys, 1, flipped(content.subarray(0, 16), 3))).not.toBe(chunks[0]?.id)
  })

  it('has another id with any byte changed, its padding included', () => {
    for (let at = 0; at < bytes.length; at += 1) {
      bytes[at] = (bytes[at] ?? 0) ^ 1
      const other = objectIdOf(sha256(bytes))
      bytes[at] = (bytes[at] ?? 0) ^ 1
      expect(other).not.toBe(id)
    }
    expect(objectIdOf(sha256(bytes))).toBe(id)
  })

  it('is another each time', () => {
    const [one, two] = [1, 2].map(() => sealPack(dataPack, keys, systemRandom).bytes)
    expect(one).not.toEqual(two)
    expect(one?.subarray(headBytes, headBytes + 67)).not.toEqual(
      two?.subarray(headBytes, headBytes + 67),
    )
  })

  it('has another salt for other chunks, even where randomness repeats itself', () => {
    const [, ...chunks] = dataPack.directory.chunks
    const other = { ...referenceOf({ type: 1, plaintext: new Uint8Array(16) }) }
    const directory = { ...dataPack.directory, chunks: [other, ...chunks] }
    const sealed = sealedSample({ ...dataPack, directory })
    expect(sealed.header.subarray(32)).not.toEqual(header.subarray(32))
  })

  it('is never made of chunks that do not fill its segments', () => {
    const directory = { ...dataPack.directory, chunks: dataPack.directory.chunks.slice(1) }
    expect(refusalOf(() => sealPack({ ...dataPack, directory }, keys, systemRandom))).toBe(
      'malformed',
    )
  })
})

describe('the directory of a pack', () => {
  it.each([
    ['the first words', 0, 8, ['malformed']],
    ['version and suite', 8, 10, ['unsupported-format']],
    ['kind', 10, 12, ['malformed']],
    ['epoch', 12, 16, ['damaged']],
    ['length of the directory and what is reserved', 16, 32, ['malformed']],
    ['salt', 32, 64, ['damaged']],
    ['the sealed directory', 64, headBytes, ['damaged']],
  ] as const)('is refused with any byte of %s changed', (_, from, to, codes) => {
    expect(refusalsOf(allFlipped(head, from, to), openHead)).toEqual(codes)
  })

  it('is refused in the header of another kind', () => {
    const other = Uint8Array.from(head)
    other[10] = 2
    expect(refusalOf(() => openHead(other))).toBe('damaged')
  })

  it('is refused when cut off or longer', () => {
    expect(refusalsOf(allCut(head), openHead)).toEqual(['malformed'])
    expect(refusalOf(() => openHead(bytes.subarray(0, headBytes + 1)))).toBe('malformed')
  })

  it('is refused in another repository', () => {
    const others = [deriveKeys(counting(1), repositoryId), deriveKeys(masterKey, counting(1))]
    for (const other of others) expect(refusalOf(() => openDirectory(head, other))).toBe('damaged')
  })
})

describe('a segment', () => {
  it.each(segments)('is refused with any byte of it changed: number $ordinal', (segment) => {
    const read = (stored: Uint8Array) => openSegment({ ...segment, stored }, keys)
    expect(refusalsOf(allFlipped(segment.stored), read)).toEqual(['damaged'])
  })

  it('is refused when cut off or longer than the directory says', () => {
    const read = (stored: Uint8Array) => openSegment({ ...first, stored }, keys)
    expect(refusalsOf(allCut(first.stored), read)).toEqual(['malformed'])
    expect(refusalOf(() => read(concatBytes(first.stored, new Uint8Array(1))))).toBe('malformed')
  })

  it('is refused when it and its length are cut off', () => {
    const read = (stored: Uint8Array) =>
      openSegment({ ...first, stored, facts: { ...first.facts, storedBytes: stored.length } }, keys)
    expect(refusalsOf(allCut(first.stored), read)).toEqual(['damaged'])
  })

  it('is refused in the place of another, with other facts, and in another pack', () => {
    const { facts } = first
    const otherPack = sealPack(dataPack, keys, systemRandom)
    const others = [
      { ...first, ordinal: 1 },
      { ...first, facts: { ...facts, type: 2 as const } },
      { ...first, facts: { ...facts, codec: 1 as const } },
      { ...first, facts: { ...facts, rawBytes: facts.rawBytes + 1 } },
      { ...first, header: otherPack.header },
    ]
    for (const other of others) expect(refusalOf(() => openSegment(other, keys))).toBe('damaged')
  })

  it('is refused with any byte of the header changed that it is bound to', () => {
    const read = (other: Uint8Array) => openSegment({ ...first, header: other }, keys)
    expect(refusalsOf(allFlipped(header, 32, 64), read)).toEqual(['damaged'])
    expect(refusalsOf(allFlipped(header), read)).toEqual([
      'damaged',
      'malformed',
      'unsupported-format',
    ])
  })

  it('of an epoch that no writer reaches is refused, not derived for ever', () => {
    const far = Uint8Array.from(header).fill(0xff, 12, 16)
    expect(refusalOf(() => openSegment({ ...first, header: far }, keys))).toBe('malformed')
  })

  it('is still compressed when it is opened', () => {
    expect(openSegment(compressed, keys)).toEqual(dataPack.contents[1])
  })
})
