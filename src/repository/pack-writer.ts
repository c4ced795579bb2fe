/** Fills packs of one kind: gathers, compresses, seals, opens again as a check, and hands out what is ready to be sent. */

import type { RandomBytes } from '../base/bytes.ts'
import { BackupError } from '../base/errors.ts'
import { chunkId } from '../crypto/chunk-id.ts'
import type { RepositoryKeys } from '../crypto/keys.ts'
import {
  openDirectory,
  openSegment,
  sealPack,
  type PackContent,
  type SealedPack,
} from '../crypto/pack-seal.ts'
import type { ChunkReference } from '../model/ids.ts'
import type { IndexedPack } from '../model/index-object.ts'
import {
  decodePackHeader,
  packHeaderBytes,
  packLimits,
  placedChunks,
  segmentRanges,
  type ChunkType,
  type PackDirectory,
  type PackKind,
  type SegmentFacts,
} from '../model/pack.ts'
import { maxChunkBytes } from '../model/limits.ts'
import { createArena } from './arena.ts'
import {
  compressorName,
  compressorVersion,
  decompress,
  type SegmentCompressor,
} from './compression.ts'
import {
  createSegmentGatherer,
  type GatheredSegment,
  type SegmentGatherer,
} from './segment-gatherer.ts'

export interface WrittenPack {
  readonly facts: IndexedPack
  readonly bytes: Uint8Array
  /** Header and sealed directory. */
  readonly head: Uint8Array
}

export interface PackWriter {
  /** Copies the chunk. Hands out packs that are complete with it. */
  add(type: ChunkType, reference: ChunkReference, plaintext: Uint8Array): readonly WrittenPack[]
  /** Closes what is begun. */
  finish(): readonly WrittenPack[]
  /** Takes out what is begun, for another writer of the same kind: a run leaves one partial pack of each kind. */
  handOver(): UnfinishedPack
  adopt(unfinished: UnfinishedPack): readonly WrittenPack[]
}

export interface UnfinishedPack {
  /** Compressed already. */
  readonly segments: readonly UnfinishedSegment[]
  /** Not worth a segment yet. */
  readonly gathered: readonly { readonly type: ChunkType; readonly segment: GatheredSegment }[]
}

interface UnfinishedSegment {
  readonly facts: SegmentFacts
  readonly content: Uint8Array
  readonly chunks: readonly ChunkReference[]
}

export interface PackWriterOptions {
  readonly kind: PackKind
  readonly epoch: number
  readonly keys: RepositoryKeys
  readonly random: RandomBytes
  readonly compressor: SegmentCompressor
  /** Where a pack is put together; new memory where it is left out. */
  readonly memory?: PackContent['memory']
  /** Raw bytes at which a segment is complete. */
  readonly segmentBytes: number
  /** Open every segment again before it is sent, not only one in 16. Tree packs are always checked whole. */
  readonly verifyAll: boolean
  /** Days since 1970. */
  readonly day: number
}

/** Stored bytes of segments at which a pack is closed. */
const packTargetBytes = 16 * 1024 * 1024
/** Of data segments one in so many is opened again. */
const verifyOneIn = 16

/** For what a pack holds before it is closed: the target, and a large segment. What goes beyond gets memory of its own. */
const arenaBytes = packTargetBytes + maxChunkBytes + 64 * 1024

interface OpenPack {
  readonly segments: UnfinishedSegment[]
  chunkCount: number
  storedBytes: number
}

const emptyPack = (): OpenPack => ({ segments: [], chunkCount: 0, storedBytes: 0 })

export function createPackWriter(options: PackWriterOptions): PackWriter {
  const gatherers = new Map<ChunkType, SegmentGatherer>()
  const arena = createArena(arenaBytes)
  let open = emptyPack()
  let sealedSegments = 0

  const gathererOf = (type: ChunkType): SegmentGatherer => {
    const gatherer = gatherers.get(type) ?? createSegmentGatherer(options.segmentBytes)
    gatherers.set(type, gatherer)
    return gatherer
  }
  const close = (): WrittenPack[] => {
    if (open.segments.length === 0) return []
    const pack = seal(open, options)
    const check = options.verifyAll || options.kind === 'tree' ? 1 : verifyOneIn
    checkSealed(pack, { keys: options.keys, first: sealedSegments, oneIn: check })
    sealedSegments += open.segments.length
    open = emptyPack()
    arena.clear()
    return [pack]
  }
  /** Appends a copy of a segment, closing the pack before it where it would get too many chunks. */
  const append = (segment: UnfinishedSegment): WrittenPack[] => {
    const before = open.chunkCount + segment.chunks.length > packLimits.chunks ? close() : []
    open.segments.push({ ...segment, content: arena.keep(segment.content) })
    open.chunkCount += segment.chunks.length
    open.storedBytes += segment.facts.storedBytes
    return open.storedBytes >= packTargetBytes ? [...before, ...close()] : before
  }
  const compress = (type: ChunkType, { raw, chunks }: GatheredSegment): UnfinishedSegment => {
    const { codec, content } = options.compressor.compress(raw)
    const storedBytes = content.length + sealBytes
    return { facts: { type, codec, storedBytes, rawBytes: raw.length }, content, chunks }
  }
  const add: PackWriter['add'] = (type, reference, plaintext) =>
    gathererOf(type)
      .add(reference, plaintext)
      .flatMap((segment) => append(compress(type, segment)))
  return {
    add,
    finish: () => {
      const last = [...gatherers].flatMap(([type, gatherer]) =>
        gatherer.finish().flatMap((segment) => append(compress(type, segment))),
      )
      return [...last, ...close()]
    },
    handOver: () => {
      const segments = open.segments.map((segment) => ({
        ...segment,
        content: segment.content.slice(),
      }))
      open = emptyPack()
      arena.clear()
      const gathered = [...gatherers].flatMap(([type, gatherer]) =>
        gatherer
          .finish()
          .map(({ raw, chunks }) => ({ type, segment: { raw: raw.slice(), chunks } })),
      )
      return { segments, gathered }
    },
    adopt: ({ segments, gathered }) => [
      ...segments.flatMap(append),
      ...gathered.flatMap(({ type, segment }) =>
        piecesOf(segment).flatMap(([reference, plaintext]) => add(type, reference, plaintext)),
      ),
    ],
  }
}

function piecesOf({ raw, chunks }: GatheredSegment): [ChunkReference, Uint8Array][] {
  let at = 0
  return chunks.map((reference) => {
    at += reference.lengthBytes
    return [reference, raw.subarray(at - reference.lengthBytes, at)]
  })
}

const sealBytes = 16

function seal(open: OpenPack, options: PackWriterOptions): WrittenPack {
  const { kind, epoch, keys, random, compressor, day, memory } = options
  const directory: PackDirectory = {
    compressor: compressorName,
    compressorVersion,
    level: compressor.level,
    segments: open.segments.map(({ facts }) => facts),
    chunks: open.segments.flatMap(({ chunks }) => chunks),
  }
  const contents = open.segments.map(({ content }) => content)
  const sealed = sealPack({ kind, epoch, directory, contents, memory }, keys, random)
  return writtenPack(sealed, { kind, day, directory })
}

function writtenPack(
  { id, bytes, header }: SealedPack,
  {
    kind,
    day,
    directory,
  }: { readonly kind: PackKind; readonly day: number; readonly directory: PackDirectory },
): WrittenPack {
  const { segments, chunks } = directory
  const head = bytes.slice(0, packHeaderBytes + decodePackHeader(header).directoryBytes)
  return { facts: { id, kind, header, day, segments, chunks }, bytes, head }
}

interface Check {
  readonly keys: RepositoryKeys
  /** How many segments were sealed before. */
  readonly first: number
  readonly oneIn: number
}

/** A flipped bit in memory would spoil a chunk that all later points share: it is found before the pack is sent. */
function checkSealed({ facts, bytes, head }: WrittenPack, { keys, first, oneIn }: Check): void {
  const { segments, chunks } = openDirectory(head, keys)
  const ranges = segmentRanges(head.length - packHeaderBytes, segments)
  let opened: { readonly segment: number; readonly raw: Uint8Array } | undefined
  for (const { reference, segment, placeBytes } of placedChunks(segments, chunks)) {
    const segmentFacts = segments[segment]
    const range = ranges[segment]
    if ((first + segment) % oneIn !== 0 || segmentFacts === undefined || range === undefined)
      continue
    if (opened?.segment !== segment) {
      const stored = bytes.subarray(range.start, range.end)
      const sealedSegment = { header: facts.header, ordinal: segment, facts: segmentFacts, stored }
      opened = { segment, raw: rawOf(segmentFacts, openSegment(sealedSegment, keys)) }
    }
    const plaintext = opened.raw.subarray(placeBytes, placeBytes + reference.lengthBytes)
    if (chunkId(keys, segmentFacts.type, plaintext) !== reference.id) {
      throw new BackupError('internal', 'A pack does not open to what was put into it.', {
        hint: 'The memory or the processor of this machine may be faulty. Nothing of this pack was sent.',
      })
    }
  }
}

/** A segment's raw bytes from its opened content. */
export const rawOf = ({ codec, rawBytes }: SegmentFacts, content: Uint8Array): Uint8Array =>
  codec === 1 ? decompress(content, rawBytes) : content
