/** Sealing a pack at once, and opening its directory and its segments one by one (docs/format.md 4). */

import {
  ascii,
  concatBytes,
  emptyBytes,
  readU32,
  u32,
  u8,
  type RandomBytes,
} from '../base/bytes.ts'
import { BackupError } from '../base/errors.ts'
import { sha256 } from '../base/hash.ts'
import { objectIdOf, type ObjectId } from '../model/ids.ts'
import {
  decodeDirectory,
  decodePackHeader,
  directoryBytesFor,
  encodeDirectory,
  encodePackHeader,
  packHeaderBytes,
  packLimits,
  paddedPackBytes,
  segmentRanges,
  type PackDirectory,
  type PackKind,
  type SegmentFacts,
} from '../model/pack.ts'
import type { RepositoryKeys } from './keys.ts'
import {
  nonceBytes,
  openAead,
  sealAead,
  sealAeadInto,
  tagBytes,
  zeroNonce,
} from './primitives/aead.ts'
import { hkdfExpand, hmacSha256 } from './primitives/hash.ts'

export interface PackContent {
  readonly kind: PackKind
  readonly epoch: number
  readonly directory: PackDirectory
  /** Compressed or raw, as the directory says, in its order. */
  readonly contents: readonly Uint8Array[]
  /** Memory for so many bytes; what it held before is overwritten. */
  readonly memory?: ((bytes: number) => Uint8Array) | undefined
}

export interface SealedPack {
  readonly id: ObjectId
  readonly bytes: Uint8Array
  /** 64 bytes. */
  readonly header: Uint8Array
}

export function sealPack(pack: PackContent, keys: RepositoryKeys, random: RandomBytes): SealedPack {
  const { kind, epoch, directory, contents, memory = newMemory } = pack
  const plain = encodeDirectory(directory, kind)
  const directoryBytes = directoryBytesFor(plain.length)
  if (directoryBytes > packLimits.directoryBytes)
    throw new RangeError('a pack directory is too large')
  const salt = hmacSha256(keys.hedge, ascii('pack'), random(32), sha256(plain))
  const header = encodePackHeader({ kind, epoch, directoryBytes, salt })
  const ranges = segmentRanges(directoryBytes, directory.segments)
  const end = ranges.at(-1)?.end ?? 0
  const bytes = memory(paddedPackBytes(end))
  bytes.set(header)
  bytes.set(sealDirectory(keys, header, { plain, directoryBytes, salt }), packHeaderBytes)
  const key = segmentKey(keys, epoch, salt)
  directory.segments.forEach((segment, ordinal) => {
    const aead = { key, nonce: segmentNonce(ordinal), aad: segmentAad(header, ordinal, segment) }
    const place = ranges[ordinal]
    sealAeadInto(bytes.subarray(place?.start, place?.end), aead, contents[ordinal] ?? emptyBytes)
  })
  bytes.set(random(bytes.length - end), end)
  return { id: objectIdOf(sha256(bytes)), bytes, header }
}

const newMemory = (bytes: number): Uint8Array => new Uint8Array(bytes)

interface PlainDirectory {
  readonly plain: Uint8Array
  readonly directoryBytes: number
  readonly salt: Uint8Array
}

function sealDirectory(
  keys: RepositoryKeys,
  header: Uint8Array,
  { plain, directoryBytes, salt }: PlainDirectory,
): Uint8Array {
  const zeros = new Uint8Array(directoryBytes - tagBytes - 4 - plain.length)
  const aead = { key: directoryKey(keys, salt), nonce: zeroNonce, aad: header }
  return sealAead(aead, concatBytes(u32(plain.length), plain, zeros))
}

/** `head`: header and sealed directory. @throws BackupError `damaged`, `malformed` */
export function openDirectory(head: Uint8Array, keys: RepositoryKeys): PackDirectory {
  const header = decodePackHeader(head.subarray(0, packHeaderBytes))
  if (head.length !== packHeaderBytes + header.directoryBytes) {
    throw malformed('its directory is cut off')
  }
  const aead = {
    key: directoryKey(keys, header.salt),
    nonce: zeroNonce,
    aad: head.subarray(0, packHeaderBytes),
  }
  const padded = openAead(aead, head.subarray(packHeaderBytes))
  const length = readU32(padded, 0)
  const fits = length <= padded.length - 4 && directoryBytesFor(length) === header.directoryBytes
  if (!fits || padded.subarray(4 + length).some((byte) => byte !== 0)) {
    throw malformed('the padding of its directory is wrong')
  }
  const directory = decodeDirectory(padded.subarray(4, 4 + length), header.kind)
  segmentRanges(header.directoryBytes, directory.segments)
  return directory
}

export interface SealedSegment {
  /** The pack's header, 64 bytes. */
  readonly header: Uint8Array
  readonly ordinal: number
  readonly facts: SegmentFacts
  readonly stored: Uint8Array
}

/** The segment's content, still compressed if its codec says so. @throws BackupError `damaged` */
export function openSegment(segment: SealedSegment, keys: RepositoryKeys): Uint8Array<ArrayBuffer> {
  const { header, ordinal, facts, stored } = segment
  if (stored.length !== facts.storedBytes) throw malformed('a segment is cut off')
  const { epoch, salt } = decodePackHeader(header)
  const aad = segmentAad(header, ordinal, facts)
  return openAead({ key: segmentKey(keys, epoch, salt), nonce: segmentNonce(ordinal), aad }, stored)
}

const segmentKey = (keys: RepositoryKeys, epoch: number, salt: Uint8Array): Uint8Array =>
  hkdfExpand(keys.epoch(epoch).pack, concatBytes(ascii('segments'), salt))

const directoryKey = (keys: RepositoryKeys, salt: Uint8Array): Uint8Array =>
  hkdfExpand(keys.index, concatBytes(ascii('directory'), salt))

const segmentNonce = (ordinal: number): Uint8Array =>
  concatBytes(u32(ordinal), new Uint8Array(nonceBytes - 4))

const segmentAad = (header: Uint8Array, ordinal: number, facts: SegmentFacts): Uint8Array =>
  concatBytes(header, u32(ordinal), u8(facts.type), u8(facts.codec), u32(facts.rawBytes))

const malformed = (why: string): BackupError =>
  new BackupError('malformed', `Not a pack of this format: ${why}.`)
