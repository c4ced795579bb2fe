/** Packs: header and directory as bytes, where segments and chunks lie (docs/format.md 4). */

import { ascii, bufferOf, equalBytes, viewOf } from '../base/bytes.ts'
import { BackupError } from '../base/errors.ts'
import { decodeCbor, encodeCbor, fieldsOf } from './cbor.ts'
import {
  chunkReferenceBytes,
  decodeChunkReferences,
  encodeChunkReferences,
  type ChunkReference,
} from './ids.ts'
import { maxChunkBytes } from './limits.ts'
import { padme } from './padme.ts'

/** 1 data, 2 tree page, 3 page of a file map, 4 page of left-out items. */
export type ChunkType = 1 | 2 | 3 | 4
export type PackKind = 'data' | 'tree'
/** 0 raw, 1 zstd. */
export type Codec = 0 | 1

export const packHeaderBytes = 64
export const saltBytes = 32
const sealBytes = 16

export const packLimits = {
  packBytes: 32 * 1024 * 1024,
  leastPackBytes: 16 * 1024,
  leastDirectoryBytes: 4096,
  directoryBytes: 4 * 1024 * 1024,
  chunks: 32_768,
  segments: 32_768,
  segmentBytes: 8 * 1024 * 1024,
} as const

export interface PackHeader {
  readonly kind: PackKind
  readonly epoch: number
  /** Of the sealed directory as stored. */
  readonly directoryBytes: number
  /** 32 bytes. */
  readonly salt: Uint8Array
}

export interface SegmentFacts {
  readonly type: ChunkType
  readonly codec: Codec
  /** With the tag. */
  readonly storedBytes: number
  readonly rawBytes: number
}

export interface PackDirectory {
  readonly compressor: string
  readonly compressorVersion: string
  readonly level: number
  readonly segments: readonly SegmentFacts[]
  /** Back to back in the segments, in order. */
  readonly chunks: readonly ChunkReference[]
}

const magic = ascii('BKUPPACK')
const version = 1
const suite = 1
const kindCode: Readonly<Record<PackKind, number>> = { data: 1, tree: 2 }

export function encodePackHeader(header: PackHeader): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(packHeaderBytes)
  const view = viewOf(out)
  out.set(magic)
  out.set([version, suite, kindCode[header.kind], 0], 8)
  view.setUint32(12, header.epoch, true)
  view.setUint32(16, header.directoryBytes, true)
  out.set(header.salt, 32)
  return out
}

/** @throws BackupError `malformed`; `unsupported-format` for another version or suite. */
export function decodePackHeader(bytes: Uint8Array): PackHeader {
  if (bytes.length !== packHeaderBytes) throw malformed('its header has a wrong length')
  if (!equalBytes(bytes.subarray(0, 8), magic)) throw malformed('it does not begin as a pack')
  if (bytes[8] !== version || bytes[9] !== suite) {
    throw new BackupError(
      'unsupported-format',
      `A pack has version ${String(bytes[8])}, suite ${String(bytes[9])}; this program reads version 1, suite 1.`,
      { hint: 'Install a newer version of this program.' },
    )
  }
  const view = viewOf(bytes)
  const kind = bytes[10] === 1 ? 'data' : bytes[10] === 2 ? 'tree' : undefined
  const zeros = bytes[11] === 0 && bytes.subarray(20, 32).every((byte) => byte === 0)
  const directoryBytes = view.getUint32(16, true)
  if (kind === undefined || !zeros) throw malformed('its header is not one of this format')
  if (!isDirectoryLength(directoryBytes)) throw malformed('the length of its directory is wrong')
  return { kind, epoch: view.getUint32(12, true), directoryBytes, salt: bytes.slice(32, 64) }
}

const isDirectoryLength = (length: number): boolean =>
  length >= packLimits.leastDirectoryBytes &&
  length <= packLimits.directoryBytes &&
  (length & (length - 1)) === 0

/** The stored length of a directory whose CBOR has `plainBytes`: the least power of two that holds it and the tag. */
export function directoryBytesFor(plainBytes: number): number {
  let length: number = packLimits.leastDirectoryBytes
  while (length < plainBytes + 4 + sealBytes) length *= 2
  return length
}

/** The plain directory; throws `malformed` where `decodeDirectory` would refuse it. */
export function encodeDirectory(directory: PackDirectory, kind: PackKind): Uint8Array<ArrayBuffer> {
  checkDirectory(directory, kind)
  return encodeCbor(
    new Map<number, string | number | Uint8Array>([
      [0, directory.compressor],
      [1, directory.compressorVersion],
      [2, directory.level],
      [3, encodeSegments(directory.segments)],
      [4, encodeChunkReferences(directory.chunks)],
    ]),
  )
}

export function decodeDirectory(bytes: Uint8Array, kind: PackKind): PackDirectory {
  const fields = fieldsOf(decodeCbor(bytes), 'a pack directory')
  const chunks = fields.bytes(4)
  if (chunks.length > packLimits.chunks * chunkReferenceBytes)
    throw malformed('it has too many chunks')
  const directory = {
    compressor: fields.text(0),
    compressorVersion: fields.text(1),
    level: Number(fields.bigint(2)),
    segments: decodeSegments(fields.bytes(3)),
    chunks: decodeChunkReferences(chunks, maxChunkBytes),
  }
  fields.finish()
  checkDirectory(directory, kind)
  return directory
}

const segmentRowBytes = 10

/** Ten bytes each, as in directories and indexes. */
export function encodeSegments(segments: readonly SegmentFacts[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(segments.length * segmentRowBytes)
  const view = viewOf(out)
  segments.forEach((segment, at) => {
    out[at * segmentRowBytes] = segment.type
    out[at * segmentRowBytes + 1] = segment.codec
    view.setUint32(at * segmentRowBytes + 2, segment.storedBytes, true)
    view.setUint32(at * segmentRowBytes + 6, segment.rawBytes, true)
  })
  return out
}

/** @throws BackupError `malformed` for what no writer makes. */
export function decodeSegments(bytes: Uint8Array): SegmentFacts[] {
  const count = bytes.length / segmentRowBytes
  if (!Number.isInteger(count) || count < 1 || count > packLimits.segments) {
    throw malformed('its number of segments is wrong')
  }
  const view = viewOf(bytes)
  return Array.from({ length: count }, (_, index) => {
    const at = index * segmentRowBytes
    const segment = {
      type: view.getUint8(at) as ChunkType,
      codec: view.getUint8(at + 1) as Codec,
      storedBytes: view.getUint32(at + 2, true),
      rawBytes: view.getUint32(at + 6, true),
    }
    checkSegment(segment)
    return segment
  })
}

function checkSegment({ type, codec, storedBytes, rawBytes }: SegmentFacts): void {
  if (![1, 2, 3, 4].includes(type)) throw malformed('a segment has an unknown type')
  if (![0, 1].includes(codec)) throw malformed('a segment has an unknown codec')
  if (rawBytes < 1 || rawBytes > packLimits.segmentBytes)
    throw malformed('a segment has a wrong length')
  const contentBytes = storedBytes - sealBytes
  const fits = codec === 0 ? contentBytes === rawBytes : isWorthCompressing(rawBytes, contentBytes)
  if (!fits || contentBytes < 1) throw malformed('a segment is not stored as a writer would')
}

/** Compressed content is kept only where it saves 3 %. */
export const isWorthCompressing = (rawBytes: number, contentBytes: number): boolean =>
  100 * contentBytes <= 97 * rawBytes

function checkDirectory({ segments, chunks }: PackDirectory, kind: PackKind): void {
  if (segments.length < 1 || segments.length > packLimits.segments)
    throw malformed('it has no segments')
  if (chunks.length > packLimits.chunks) throw malformed('it has too many chunks')
  for (const segment of segments) {
    checkSegment(segment)
    if ((kind === 'data') !== (segment.type === 1))
      throw malformed('it holds chunks of another kind')
  }
  checkFilled(segments, chunks)
}

/** Placing them to the last is the check. */
function checkFilled(segments: readonly SegmentFacts[], chunks: readonly ChunkReference[]): void {
  const placed = placedChunks(segments, chunks)
  while (placed.next().done !== true);
}

export interface PlacedChunk {
  readonly reference: ChunkReference
  /** Ordinal from 0. */
  readonly segment: number
  /** Offset in the raw segment. */
  readonly placeBytes: number
}

/** Where each chunk lies. @throws BackupError `malformed` where chunks do not fill the segments exactly. */
export function* placedChunks(
  segments: readonly SegmentFacts[],
  chunks: readonly ChunkReference[],
): Generator<PlacedChunk, void, undefined> {
  let segment = 0
  let placeBytes = 0
  for (const reference of chunks) {
    const rawBytes = segments[segment]?.rawBytes ?? 0
    if (placeBytes + reference.lengthBytes > rawBytes)
      throw malformed('its chunks do not fill its segments')
    yield { reference, segment, placeBytes }
    placeBytes += reference.lengthBytes
    if (placeBytes === rawBytes) {
      segment++
      placeBytes = 0
    }
  }
  if (segment !== segments.length || placeBytes !== 0) {
    throw malformed('its chunks do not fill its segments')
  }
}

export interface StoredRange {
  readonly start: number
  readonly end: number
}

/** Where each sealed segment lies in the pack. @throws BackupError `malformed` beyond the limit of a pack. */
export function segmentRanges(
  directoryBytes: number,
  segments: readonly SegmentFacts[],
): readonly StoredRange[] {
  let end = packHeaderBytes + directoryBytes
  const ranges = segments.map(({ storedBytes }) => {
    const start = end
    end += storedBytes
    return { start, end }
  })
  if (end > packLimits.packBytes) throw malformed('it is too large')
  return ranges
}

/** The size of a pack whose header, directory and segments take `contentBytes`. */
export const paddedPackBytes = (contentBytes: number): number =>
  Math.max(packLimits.leastPackBytes, padme(contentBytes))

/** Whether the first bytes are those of a pack of that kind: all that a vault can check. */
export const beginsAsPack = (bytes: Uint8Array, kind: PackKind): boolean =>
  bufferOf(bytes).subarray(0, 8).equals(magic) && bytes[10] === kindCode[kind]

const malformed = (why: string): BackupError =>
  new BackupError('malformed', `Not a pack of this format: ${why}.`)
