/** Some segments of one pack, and which of their chunks are wanted: opened and checked by any thread. */

import { BackupError } from '../base/errors.ts'
import { chunkId } from '../crypto/chunk-id.ts'
import type { RepositoryKeys } from '../crypto/keys.ts'
import type { ChunkReference } from '../model/ids.ts'
import type { ChunkType, SegmentFacts } from '../model/pack.ts'
import { isPlaceFailure } from './place-failure.ts'
import { rawSegment } from './raw-segment.ts'

export interface SegmentJob<Use> {
  /** The pack's. */
  readonly header: Uint8Array
  readonly segments: readonly WantedSegment<Use>[]
}

export interface WantedSegment<Use> {
  readonly ordinal: number
  readonly facts: SegmentFacts
  readonly stored: Uint8Array
  /** Of data. */
  readonly chunks: readonly WantedChunk<Use>[]
}

export interface WantedChunk<Use> {
  readonly reference: ChunkReference
  readonly placeBytes: number
  /** What is to be done with it there; undefined: its plaintext is wanted. */
  readonly use: Use | undefined
}

export type ChunkOutcome<Done> =
  | { readonly kind: 'used'; readonly done: Done }
  /** In memory of its own. */
  | { readonly kind: 'plaintext'; readonly bytes: Uint8Array<ArrayBuffer> }
  /** This place of it is no good. */
  | { readonly kind: 'unreadable' }

/** The outcomes of all chunks, in order. Rejects only with what concerns more than a place. */
export async function openSegments<Use, Done>(
  { header, segments }: SegmentJob<Use>,
  keys: RepositoryKeys,
  apply: (use: Use, plaintext: Uint8Array) => Promise<Done>,
): Promise<ChunkOutcome<Done>[]> {
  const outcomes: ChunkOutcome<Done>[] = []
  for (const { ordinal, facts, stored, chunks } of segments) {
    const raw = orUnreadable(() => rawSegment({ header, ordinal, facts, stored }, keys))
    for (const { reference, placeBytes, use } of chunks) {
      const place = { facts, placeBytes, lengthBytes: reference.lengthBytes }
      const bytes =
        raw && orUnreadable(() => chunkIn(raw, place, { keys, reference, type: dataType }))
      if (bytes === undefined) outcomes.push({ kind: 'unreadable' })
      else if (use !== undefined) outcomes.push({ kind: 'used', done: await apply(use, bytes) })
      else outcomes.push({ kind: 'plaintext', bytes: ownMemory(bytes) })
    }
  }
  return outcomes
}

export interface PlaceInSegment {
  readonly facts: SegmentFacts | undefined
  readonly placeBytes: number
  readonly lengthBytes: number
}

export interface WantedId {
  readonly keys: RepositoryKeys
  readonly reference: ChunkReference
  readonly type: ChunkType
}

/** The chunk that lies there. @throws BackupError `damaged` where it is not the one that is wanted */
export function chunkIn(
  raw: Uint8Array<ArrayBuffer>,
  { facts, placeBytes, lengthBytes }: PlaceInSegment,
  { keys, reference, type }: WantedId,
): Uint8Array<ArrayBuffer> {
  const bytes = raw.subarray(placeBytes, placeBytes + lengthBytes)
  const isIt =
    lengthBytes === reference.lengthBytes &&
    facts?.type === type &&
    chunkId(keys, type, bytes) === reference.id
  if (isIt) return bytes
  throw new BackupError('damaged', 'A pack holds another chunk than it should.')
}

const dataType: ChunkType = 1

function orUnreadable<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (!isPlaceFailure(error)) throw error
    return undefined
  }
}

const ownMemory = (bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> =>
  bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice()
