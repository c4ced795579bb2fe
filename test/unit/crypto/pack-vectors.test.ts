import { describe, expect, it } from 'vitest'
import { ascii, concatBytes, readU32, u32, u8 } from '../../../src/base/bytes.ts'
import { sha256 } from '../../../src/base/hash.ts'
import { openDirectory } from '../../../src/crypto/pack-seal.ts'
import { openAead, sealAead, zeroNonce } from '../../../src/crypto/primitives/aead.ts'
import { hkdfExpand, hmacSha256 } from '../../../src/crypto/primitives/hash.ts'
import {
  encodeDirectory,
  encodePackHeader,
  packHeaderBytes,
  placedChunks,
  segmentRanges,
  type SegmentFacts,
} from '../../../src/model/pack.ts'
import { refusalOf } from '../../support/damaged.ts'
import { expectVectors } from '../../support/vectors.ts'
import { keys, masterKey, repositoryId } from './fixed-keys.ts'
import { dataPack, sealedSample, treePack, type SamplePack } from './sample-packs.ts'

const leastDirectoryBytes = 4_096

/** All that docs/format.md 4 names on the way from chunks to bytes, each by the page. */
function steps(pack: SamplePack) {
  const { id, bytes, header, given } = sealedSample(pack)
  const plainDirectory = encodeDirectory(pack.directory, pack.kind)
  const directorySha256 = sha256(plainDirectory)
  const salt = hmacSha256(keys.hedge, ascii('pack'), given[0] ?? u8(0), directorySha256)
  const directoryKey = hkdfExpand(keys.index, concatBytes(ascii('directory'), salt))
  const segmentsKey = hkdfExpand(keys.epoch(pack.epoch).pack, concatBytes(ascii('segments'), salt))
  const ranges = segmentRanges(leastDirectoryBytes, pack.directory.segments)
  const directoryEnd = packHeaderBytes + leastDirectoryBytes
  return {
    about: pack.about,
    kind: pack.kind,
    epoch: pack.epoch,
    random: given[0] ?? u8(0),
    plainDirectory,
    directorySha256,
    salt,
    header,
    directoryKey,
    directoryBytes: leastDirectoryBytes,
    paddedDirectory: openAead(
      { key: directoryKey, nonce: zeroNonce, aad: header },
      bytes.subarray(packHeaderBytes, directoryEnd),
    ),
    segmentsKey,
    segments: pack.directory.segments.map((segment, ordinal) => {
      const { start, end } = ranges[ordinal] ?? { start: 0, end: 0 }
      const nonce = concatBytes(u32(ordinal), new Uint8Array(8))
      const aad = segmentAad(header, ordinal, segment)
      const sealed = bytes.subarray(start, end)
      const content = openAead({ key: segmentsKey, nonce, aad }, sealed)
      return { ...segment, start, nonce, aad, content, sealed }
    }),
    chunks: [...placedChunks(pack.directory.segments, pack.directory.chunks)].map(
      ({ reference, segment, placeBytes }, at) => ({
        ...reference,
        segment,
        placeBytes,
        plaintext: pack.plaintexts[at]?.plaintext ?? u8(0),
      }),
    ),
    paddingFrom: ranges.at(-1)?.end ?? 0,
    padding: given[1] ?? u8(0),
    id,
    bytes,
  }
}

const segmentAad = (header: Uint8Array, ordinal: number, facts: SegmentFacts): Uint8Array =>
  concatBytes(header, u32(ordinal), u8(facts.type), u8(facts.codec), u32(facts.rawBytes))

const packs = [dataPack, treePack].map(steps)

const plain = encodeDirectory(dataPack.directory, 'data')

/** Authentic, but not as a writer of the page would pad it. */
const padded: Readonly<Record<string, Uint8Array>> = {
  'a padding that is not zero': paddedTo(4_096, plain, 1),
  'a longer padding than needed': paddedTo(8_192, plain, 0),
  'a length beyond its end': concatBytes(u32(4_077), new Uint8Array(4_076)),
  'the largest length': concatBytes(u32(0xffff_ffff), new Uint8Array(4_076)),
}

function paddedTo(storedBytes: number, directory: Uint8Array, last: number): Uint8Array {
  const zeros = new Uint8Array(storedBytes - 16 - 4 - directory.length).fill(last, -1)
  return concatBytes(u32(directory.length), directory, zeros)
}

function sealedHead(paddedDirectory: Uint8Array): Uint8Array {
  const salt = new Uint8Array(32).fill(7)
  const directoryBytes = paddedDirectory.length + 16
  const header = encodePackHeader({ kind: 'data', epoch: 0, directoryBytes, salt })
  const key = hkdfExpand(keys.index, concatBytes(ascii('directory'), salt))
  return concatBytes(header, sealAead({ key, nonce: zeroNonce, aad: header }, paddedDirectory))
}

/** What `bytes` says again, and at length. */
const shortened = ({ paddedDirectory, padding, ...pack }: (typeof packs)[number]) => ({
  ...pack,
  paddedDirectorySha256: sha256(paddedDirectory),
  paddingBytes: padding.length,
})

it('packs are those of the vectors', () => {
  expectVectors('pack', {
    about:
      'Packs (docs/format.md 4). Byte strings are hexadecimal. The padding is random: any other bytes would do, and give another id.',
    masterKey,
    repositoryId,
    kId: keys.id,
    kIndex: keys.index,
    kHedge: keys.hedge,
    kPack0: keys.epoch(0).pack,
    kPack1: keys.epoch(1).pack,
    packs: packs.map(shortened),
    refusedHeads: Object.entries(padded).map(([about, bytes]) => ({
      about,
      paddedDirectorySha256: sha256(bytes),
      head: sealedHead(bytes),
    })),
  })
})

describe.each(packs)('$about', (pack) => {
  it('has the salt, directory and segments that the page says', () => {
    const { header, salt, plainDirectory, paddedDirectory } = pack
    expect(header.subarray(32)).toEqual(salt)
    expect(readU32(header, 16)).toBe(leastDirectoryBytes)
    expect(readU32(paddedDirectory, 0)).toBe(plainDirectory.length)
    expect(paddedDirectory.subarray(4, 4 + plainDirectory.length)).toEqual(plainDirectory)
    expect(pack.id).toBe(Buffer.from(sha256(pack.bytes)).toString('hex'))
  })

  it('is 16 KiB long and ends in random bytes', () => {
    expect(pack.bytes).toHaveLength(16_384)
    expect(pack.bytes.subarray(pack.paddingFrom)).toEqual(pack.padding)
  })
})

it.each(Object.entries(padded))('a directory with %s is refused', (_, bytes) => {
  expect(refusalOf(() => openDirectory(sealedHead(bytes), keys))).toBe('malformed')
})

it('a directory that is padded as it should be is not refused', () => {
  expect(openDirectory(sealedHead(paddedTo(4_096, plain, 0)), keys)).toEqual(dataPack.directory)
})
