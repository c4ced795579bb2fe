/**
 * Carries what a point takes over out of packs that are to be emptied: read from the source, checked by its id, stored
 * anew. What can not be had there any more stays where it is, and keeps its pack: the point is the same either way.
 */

import { systemCodeOf } from '../../base/errors.ts'
import type { FileEntry } from '../../model/entry.ts'
import { readFileMap } from '../../model/file-map.ts'
import type { ChunkId, ChunkReference } from '../../model/ids.ts'
import type { ChunkType } from '../../model/pack.ts'
import type { ChunkSink } from '../../repository/chunk-sink.ts'
import type { FilePiece } from '../contents/messages.ts'
import type { ContentPool } from '../contents/pool.ts'

export interface Carrier {
  /** Whether the chunk lies only in packs that are to be emptied. */
  isWanted(id: ChunkId): boolean
  /** To be told of each file that is taken over. */
  carry(path: Uint8Array, entry: FileEntry): Promise<void>
  /** Resolves when all has been read that can be: bytes of files that were stored anew. */
  finish(): Promise<number>
}

export interface CarrierParts {
  readonly isWanted: (id: ChunkId) => boolean
  /** A page of the previous point. */
  readonly load: (reference: ChunkReference, type: ChunkType) => Promise<Uint8Array>
  readonly sink: ChunkSink
  readonly contents: () => ContentPool
}

export function createCarrier({ isWanted, load, sink, contents }: CarrierParts): Carrier {
  const asked = new Set<ChunkId>()
  const underWay = new Set<Promise<void>>()
  let carriedBytes = 0
  let failure: { readonly error: unknown } | undefined

  const isNew = (id: ChunkId): boolean => {
    if (asked.has(id) || !isWanted(id)) return false
    asked.add(id)
    return true
  }
  /** Pages of maps are at hand: the walk has just read them. */
  const chunksOf = async (entry: FileEntry): Promise<readonly ChunkReference[]> => {
    if (entry.map === undefined) return entry.content ?? []
    const chunks: ChunkReference[] = []
    const onPage = async (page: ChunkReference) => {
      const bytes = await load(page, 3)
      if (isNew(page.id)) sink.add(3, bytes)
      return bytes
    }
    for await (const chunk of readFileMap({ map: entry.map, sizeBytes: entry.sizeBytes }, onPage)) {
      chunks.push(chunk)
    }
    return chunks
  }
  const read = async (path: Uint8Array, pieces: readonly FilePiece[]) => {
    try {
      const foundBytes = await contents().pieces(path, pieces)
      carriedBytes += foundBytes
    } catch (error) {
      if (systemCodeOf(error) === undefined) failure ??= { error }
    }
  }
  return {
    isWanted,
    carry: async (path, entry) => {
      const pieces = piecesOf(await chunksOf(entry)).filter(({ reference }) => isNew(reference.id))
      if (pieces.length === 0) return
      await contents().room()
      const reading = read(path, pieces).finally(() => underWay.delete(reading))
      underWay.add(reading)
    },
    finish: async () => {
      await Promise.all(underWay)
      if (failure !== undefined) throw failure.error
      return carriedBytes
    },
  }
}

function piecesOf(chunks: readonly ChunkReference[]): FilePiece[] {
  let end = 0
  return chunks.map((reference) => {
    end += reference.lengthBytes
    return { reference, offsetBytes: end - reference.lengthBytes }
  })
}
