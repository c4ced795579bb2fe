/** Indexes of the packs of a run, and the merging of small ones. */

import type { RandomBytes } from '../base/bytes.ts'
import { sha256 } from '../base/hash.ts'
import { indexContext, sealObject } from '../crypto/sealed-object.ts'
import type { RepositoryKeys } from '../crypto/keys.ts'
import { objectIdOf, type ObjectId } from '../model/ids.ts'
import { indexesToMerge, mergeIndexes } from '../model/index-merge.ts'
import {
  decodeIndex,
  encodeIndex,
  indexPayloadBytes,
  type IndexedPack,
  type IndexView,
} from '../model/index-object.ts'
import { indexRowBytes } from '../model/index-rows.ts'
import type { PackKind } from '../model/pack.ts'
import type { Uploads } from './uploads.ts'

export interface IndexWriter {
  /** Indexes of each kind there is, sent; what they say, by their ids. */
  write(packs: readonly IndexedPack[]): Promise<ReadonlyMap<ObjectId, IndexView>>
  /** Merges what is small and many. The result replaces `indexes` for new points; the old objects stay for the old ones. */
  merge(
    indexes: ReadonlyMap<ObjectId, IndexView>,
    isPresent: (pack: ObjectId) => boolean,
  ): Promise<ReadonlyMap<ObjectId, IndexView>>
  /** Stored bytes of what was written. */
  readonly sizes: ReadonlyMap<ObjectId, number>
}

export interface IndexWriterParts {
  readonly keys: RepositoryKeys
  readonly random: RandomBytes
  readonly uploads: Pick<Uploads, 'put'>
}

const kinds: readonly PackKind[] = ['data', 'tree']

export function createIndexWriter({ keys, random, uploads }: IndexWriterParts): IndexWriter {
  const sizes = new Map<ObjectId, number>()
  const send = async (payload: Uint8Array): Promise<[ObjectId, IndexView]> => {
    const content = { type: 'index', epoch: 0, context: indexContext, payload } as const
    const bytes = sealObject(content, keys, random)
    const id = objectIdOf(sha256(bytes))
    sizes.set(id, bytes.length)
    await uploads.put({ kind: 'index', id, bytes })
    return [id, decodeIndex(payload)]
  }
  return {
    sizes,
    write: async (packs) => {
      const written = new Map<ObjectId, IndexView>()
      for (const kind of kinds) {
        for (const group of groupsOf(packs.filter((pack) => pack.kind === kind))) {
          written.set(...(await send(encodeIndex(kind, group))))
        }
      }
      return written
    },
    merge: async (indexes, isPresent) => {
      const merged = new Map(indexes)
      for (const kind of kinds) {
        const small = indexesToMerge(merged, kind)
        const views = small.flatMap((id) => merged.get(id) ?? [])
        for (const payload of views.length > 0 ? mergeIndexes(kind, views, isPresent) : []) {
          merged.set(...(await send(payload)))
        }
        for (const id of small) merged.delete(id)
      }
      return merged
    },
  }
}

/** Packs together while their chunks fit into one index. */
function groupsOf(packs: readonly IndexedPack[]): IndexedPack[][] {
  const groups: IndexedPack[][] = []
  let chunks = Infinity
  for (const pack of packs) {
    chunks += pack.chunks.length
    if (chunks * indexRowBytes > indexPayloadBytes) {
      groups.push([])
      chunks = pack.chunks.length
    }
    groups.at(-1)?.push(pack)
  }
  return groups
}
