import { describe, expect, it } from 'vitest'
import { concatBytes, fromHex, u8 } from '../../../src/base/bytes.ts'
import { encodeCbor } from '../../../src/model/cbor.ts'
import { encodeChunkReferences, type ChunkReference } from '../../../src/model/ids.ts'
import {
  beginsAsPack,
  decodeDirectory,
  decodePackHeader,
  decodeSegments,
  encodeDirectory,
  encodePackHeader,
  encodeSegments,
  packHeaderBytes,
  packLimits,
  placedChunks,
  segmentRanges,
  type Codec,
  type PackDirectory,
  type PackKind,
  type SegmentFacts,
} from '../../../src/model/pack.ts'
import { allCut, refusalOf, refusalsOf } from '../../support/damaged.ts'
import { editedMap, keysOf } from '../../support/edited-map.ts'
import { expectVectors } from '../../support/vectors.ts'
import { labelled, manyChunks } from './sample-packs.ts'

const segment = (rawBytes: number, more: Partial<SegmentFacts> = {}): SegmentFacts => ({
  type: 1,
  codec: 0,
  storedBytes: rawBytes + 16,
  rawBytes,
  ...more,
})
const chunk = (lengthBytes: number): ChunkReference => labelled(`of ${lengthBytes}`, lengthBytes)

const directory: PackDirectory = {
  compressor: 'zstd',
  compressorVersion: '1.5.7',
  level: 3,
  segments: [segment(300), segment(1_000, { codec: 1, storedBytes: 986 })],
  chunks: [chunk(100), chunk(200), chunk(1_000)],
}
const plain = encodeDirectory(directory, 'data')

const withSegments = (...segments: readonly SegmentFacts[]) =>
  editedMap(plain, [3, encodeSegments(segments)])
const withChunks = (...chunks: readonly ChunkReference[]) =>
  editedMap(plain, [4, encodeChunkReferences(chunks)])
const withSegment = (rawBytes: number, more: Partial<SegmentFacts> = {}) =>
  editedMap(withSegments(segment(rawBytes, more)), [
    4,
    encodeChunkReferences([labelled('its only chunk', rawBytes)]),
  ])

const maxBytes = packLimits.segmentBytes
const tooMany = manyChunks(0, packLimits.chunks + 1)

const refused: Readonly<Record<string, Uint8Array>> = {
  'no segments': editedMap(plain, [3, u8(0).subarray(1)], [4, u8(0).subarray(1)]),
  'no chunks': withChunks(),
  'half a segment': editedMap(plain, [3, encodeSegments(directory.segments).subarray(1)]),
  'half a chunk': editedMap(plain, [4, encodeChunkReferences(directory.chunks).subarray(1)]),
  'chunks that end before the last segment does': withChunks(...directory.chunks.slice(0, 2)),
  'chunks that end inside a segment': withChunks(chunk(100), chunk(200), chunk(999)),
  'a chunk behind the last segment': withChunks(...directory.chunks, chunk(1)),
  'a chunk over the end of a segment': withChunks(chunk(100), chunk(201), chunk(999)),
  'a chunk of no bytes': withChunks({ ...chunk(1), lengthBytes: 0 }, ...directory.chunks),
  'a chunk of more than 8 MiB': withChunks({ ...chunk(1), lengthBytes: maxBytes + 1 }),
  'a segment of no bytes': withSegments(segment(0), ...directory.segments),
  'a segment of more than 8 MiB': withSegment(maxBytes + 1),
  'type 0': withSegment(100, { type: 0 as 1 }),
  'type 5': withSegment(100, { type: 5 as 1 }),
  'a page in a data pack': withSegment(100, { type: 2 }),
  'codec 2': withSegment(100, { codec: 2 as Codec }),
  'a raw segment that is longer than its content': withSegment(100, { storedBytes: 117 }),
  'a raw segment that is shorter than its content': withSegment(100, { storedBytes: 115 }),
  'a compressed segment that saves less than 3 %': withSegment(100, { codec: 1, storedBytes: 114 }),
  'a compressed segment that is longer': withSegment(100, { codec: 1, storedBytes: 0xffff_ffff }),
  'a compressed segment of nothing': withSegment(100, { codec: 1, storedBytes: 16 }),
  'a segment shorter than its tag': withSegment(100, { codec: 1, storedBytes: 15 }),
  'more than 32,768 chunks': editedMap(withSegments(segment(packLimits.chunks + 1)), [
    4,
    encodeChunkReferences(tooMany),
  ]),
  'more than 32,768 segments': editedMap(withSegments(...tooMany.map(() => segment(1))), [
    4,
    encodeChunkReferences(tooMany),
  ]),
  'an unknown field': editedMap(plain, [5, 0]),
  'a compressor that is no text': editedMap(plain, [0, u8(1)]),
  'a level that is text': editedMap(plain, [2, '3']),
  'a byte behind its map': concatBytes(plain, u8(0)),
}

const accepted: readonly {
  readonly about: string
  readonly kind: PackKind
  readonly directory: PackDirectory
}[] = [
  { about: 'two segments, three chunks', kind: 'data', directory },
  {
    about: 'the largest chunk',
    kind: 'data',
    directory: { ...directory, segments: [segment(maxBytes)], chunks: [chunk(maxBytes)] },
  },
  {
    about: 'a compressed segment that saves 3 %',
    kind: 'data',
    directory: {
      ...directory,
      segments: [segment(100, { codec: 1, storedBytes: 113 })],
      chunks: [chunk(40), chunk(60)],
    },
  },
  {
    about: 'pages of all kinds, a negative level',
    kind: 'tree',
    directory: {
      ...directory,
      level: -7,
      segments: [segment(1, { type: 4 }), segment(2, { type: 2 }), segment(3, { type: 3 })],
      chunks: [chunk(1), chunk(2), chunk(3)],
    },
  },
]

const small = (bytes: Uint8Array): boolean => bytes.length < 1_000

it('pack directories are those of the vectors', () => {
  expectVectors('pack-directory', {
    about:
      'Plain directories of packs (docs/format.md 4). Byte strings are hexadecimal; refused ones are of data packs.',
    directories: accepted.map((one) => ({
      ...one,
      plain: encodeDirectory(one.directory, one.kind),
    })),
    refused: Object.entries(refused)
      .filter(([, bytes]) => small(bytes))
      .map(([about, bytes]) => ({ about, plain: bytes })),
  })
})

describe('a pack directory', () => {
  it.each(accepted)('is read as what it was: $about', ({ kind, directory }) => {
    expect(decodeDirectory(encodeDirectory(directory, kind), kind)).toEqual(directory)
  })

  it.each(Object.entries(refused))('is refused with %s', (_, bytes) => {
    expect(refusalOf(() => decodeDirectory(bytes, 'data'))).toBe('malformed')
  })

  it('is refused in a pack of the other kind', () => {
    expect(refusalOf(() => decodeDirectory(plain, 'tree'))).toBe('malformed')
  })

  it.each(keysOf(plain))('is refused without field %i', (key) => {
    const bytes = editedMap(plain, [key, undefined])
    expect(refusalOf(() => decodeDirectory(bytes, 'data'))).toBe('malformed')
  })

  it('is refused when cut off', () => {
    expect(refusalsOf(allCut(plain), (bytes) => decodeDirectory(bytes, 'data'))).toEqual([
      'malformed',
    ])
  })

  it('is not believed when it promises more than it holds', () => {
    const huge = fromHex('a50060016002000340045affffffff') ?? u8(0)
    expect(refusalOf(() => decodeDirectory(huge, 'data'))).toBe('malformed')
  })

  it('may hold 32,768 chunks and segments', () => {
    const chunks = tooMany.slice(1)
    const full = { ...directory, segments: chunks.map(() => segment(1)), chunks }
    const bytes = encodeDirectory(full, 'data')
    expect(decodeDirectory(bytes, 'data').chunks).toHaveLength(32_768)
    expect(bytes.length).toBeLessThan(packLimits.directoryBytes - 20)
  })

  it('is never written as it would not be read', () => {
    const wrong = { ...directory, chunks: directory.chunks.slice(1) }
    expect(refusalOf(() => encodeDirectory(wrong, 'data'))).toBe('malformed')
    expect(refusalOf(() => encodeDirectory(directory, 'tree'))).toBe('malformed')
  })
})

describe('where things lie in a pack', () => {
  it('follows from the lengths alone', () => {
    expect([...placedChunks(directory.segments, directory.chunks)]).toEqual([
      { reference: chunk(100), segment: 0, placeBytes: 0 },
      { reference: chunk(200), segment: 0, placeBytes: 100 },
      { reference: chunk(1_000), segment: 1, placeBytes: 0 },
    ])
    expect(segmentRanges(4_096, directory.segments)).toEqual([
      { start: 4_160, end: 4_476 },
      { start: 4_476, end: 5_462 },
    ])
  })

  it('is never beyond 32 MiB', () => {
    const segments = Array.from({ length: 4 }, () => segment(maxBytes))
    expect(segmentRanges(4_096, segments.slice(1)).at(-1)?.end).toBe(25_170_032)
    expect(refusalOf(() => segmentRanges(4_096, segments))).toBe('malformed')
  })

  it('is refused in lists of segments that no writer makes', () => {
    expect(refusalOf(() => decodeSegments(new Uint8Array(0)))).toBe('malformed')
    expect(refusalOf(() => decodeSegments(new Uint8Array(10)))).toBe('malformed')
    expect(refusalsOf(allCut(encodeSegments([segment(1)])), decodeSegments)).toEqual(['malformed'])
    expect(decodeSegments(encodeSegments(directory.segments))).toEqual(directory.segments)
  })
})

describe('the header of a pack', () => {
  const facts = {
    kind: 'tree',
    epoch: 0x01020304,
    directoryBytes: 8_192,
    salt: new Uint8Array(32).fill(9),
  } as const
  const header = encodePackHeader(facts)
  const edited = (at: number, ...values: readonly number[]) => {
    const bytes = Uint8Array.from(header)
    bytes.set(values, at)
    return bytes
  }

  it('is the 64 bytes that the page says', () => {
    const expected = `424b55505041434b010102000403020100200000${'00'.repeat(12)}${'09'.repeat(32)}`
    expect(header).toEqual(fromHex(expected))
    expect(decodePackHeader(header)).toEqual(facts)
  })

  it.each([
    ['another beginning', edited(0, 0x62)],
    ['kind 0', edited(10, 0)],
    ['kind 3', edited(10, 3)],
    ['a byte that is reserved', edited(11, 1)],
    ['bytes that are reserved', edited(31, 1)],
    ['a directory of 4,097 bytes', edited(16, 1, 0x10)],
    ['a directory of 12 KiB', edited(16, 0, 0x30)],
    ['a directory of 2 KiB', edited(16, 0, 0x08)],
    ['a directory of 8 MiB', edited(16, 0, 0, 0x80)],
    ['a directory of 2 GiB', edited(16, 0, 0, 0, 0x80)],
    ['no directory', edited(16, 0, 0)],
    ['63 bytes', header.subarray(1)],
    ['65 bytes', concatBytes(header, u8(0))],
  ])('is refused with %s', (_, bytes) => {
    expect(refusalOf(() => decodePackHeader(bytes))).toBe('malformed')
  })

  it('of another version or suite is for a newer program', () => {
    expect(refusalOf(() => decodePackHeader(edited(8, 2)))).toBe('unsupported-format')
    expect(refusalOf(() => decodePackHeader(edited(9, 2)))).toBe('unsupported-format')
  })

  it('accepts directories of 4 KiB to 4 MiB', () => {
    for (const directoryBytes of [4_096, 65_536, 4_194_304]) {
      const bytes = encodePackHeader({ ...facts, directoryBytes })
      expect(decodePackHeader(bytes).directoryBytes).toBe(directoryBytes)
    }
  })

  it('is what a vault knows a pack by', () => {
    expect(beginsAsPack(header, 'tree')).toBe(true)
    expect(beginsAsPack(header, 'data')).toBe(false)
    expect(beginsAsPack(edited(0, 0), 'tree')).toBe(false)
    expect(beginsAsPack(header.subarray(0, packHeaderBytes / 8), 'tree')).toBe(false)
    expect(beginsAsPack(encodeCbor(0), 'tree')).toBe(false)
  })
})
