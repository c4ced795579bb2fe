/** Gathers small chunks of one type until they are worth a call of the compressor; a large chunk is a segment by itself. */

import type { ChunkReference } from '../model/ids.ts'
import { packLimits } from '../model/pack.ts'

export interface GatheredSegment {
  /** Of use until the gatherer, or the chunk's owner, goes on: whoever keeps it longer copies it. */
  readonly raw: Uint8Array
  /** In the order in which they fill `raw`. */
  readonly chunks: readonly ChunkReference[]
}

export interface SegmentGatherer {
  /** Copies a small chunk; hands out the segments that are complete with it, none or up to two. */
  add(reference: ChunkReference, plaintext: Uint8Array): readonly GatheredSegment[]
  /** What is left, if anything. */
  finish(): readonly GatheredSegment[]
}

/** Chunks from this size on are not gathered (DESIGN 4.3). */
export const largeChunkBytes = 256 * 1024

/** Raw size at which a segment is complete: a source's first point is read whole, later ones in parts. */
export const firstPointSegmentBytes = 1024 * 1024
export const laterPointSegmentBytes = 256 * 1024

/** A quarter of what a pack may hold. */
const maxChunks = packLimits.chunks / 4

export function createSegmentGatherer(targetBytes: number): SegmentGatherer {
  const buffer = new Uint8Array(targetBytes + largeChunkBytes)
  let length = 0
  let chunks: ChunkReference[] = []

  const finish = (): readonly GatheredSegment[] => {
    if (chunks.length === 0) return []
    const segment = { raw: buffer.subarray(0, length), chunks }
    length = 0
    chunks = []
    return [segment]
  }
  return {
    add: (reference, plaintext) => {
      if (plaintext.length >= largeChunkBytes) {
        return [{ raw: plaintext, chunks: [reference] }]
      }
      buffer.set(plaintext, length)
      length += plaintext.length
      chunks.push(reference)
      return length >= targetBytes || chunks.length >= maxChunks ? finish() : []
    },
    finish,
  }
}
