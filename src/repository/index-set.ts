/** Indexes opened together: where each chunk lies. */

import { fromHex } from '../base/bytes.ts'
import { forEachLimited } from '../base/flow.ts'
import type { ChunkId, ObjectId } from '../model/ids.ts'
import { decodeIndex, type IndexView, type PackFacts } from '../model/index-object.ts'
import { indexContext, openObject } from '../crypto/sealed-object.ts'
import type { Repository } from './repository.ts'

export type { PackFacts } from '../model/index-object.ts'

export interface ChunkPlace {
  readonly pack: PackFacts
  /** Ordinal in the pack. */
  readonly segment: number
  /** Offset in the raw segment. */
  readonly placeBytes: number
  readonly lengthBytes: number
}

export interface IndexSet {
  /** All places of the chunk, in the order of the indexes given. */
  places(id: ChunkId): readonly ChunkPlace[]
  readonly indexes: ReadonlyMap<ObjectId, IndexView>
}

/** Indexes that are fetched and opened at once. */
const concurrent = 4

/** @throws BackupError `not-found`, `damaged`, `malformed` if one of them can not be had */
export async function loadIndexSet(
  repository: Repository,
  ids: readonly ObjectId[],
  cached?: CachedIndexes,
): Promise<IndexSet> {
  const views = new Map<ObjectId, IndexView>()
  await forEachLimited(ids, concurrent, async (id) => {
    views.set(id, await loadIndex(repository, id, cached))
  })
  return indexSetOf(new Map(ids.flatMap((id) => entryOf(id, views.get(id)))))
}

const entryOf = (id: ObjectId, view: IndexView | undefined): [ObjectId, IndexView][] =>
  view === undefined ? [] : [[id, view]]

/** The stored bytes of an index: a good copy of them, or else what `fetch` gets. */
export type CachedIndexes = (id: ObjectId, fetch: () => Promise<Uint8Array>) => Promise<Uint8Array>

export async function loadIndex(
  repository: Repository,
  id: ObjectId,
  cached: CachedIndexes = (_, fetch) => fetch(),
): Promise<IndexView> {
  const bytes = await cached(id, () => repository.connection.object(repository.number, id))
  return decodeIndex(openObject(bytes, { type: 'index', context: indexContext }, repository.keys))
}

export function indexSetOf(indexes: ReadonlyMap<ObjectId, IndexView>): IndexSet {
  const views = [...indexes.values()]
  return {
    indexes,
    places: (id) => {
      const bytes = fromHex(id)
      return bytes === undefined ? [] : views.flatMap((view) => placesIn(view, bytes))
    },
  }
}

function placesIn(view: IndexView, id: Uint8Array): ChunkPlace[] {
  const places: ChunkPlace[] = []
  for (let row = view.find(id); row >= 0 && view.isAt(row, id); row++) {
    const { pack, ...place } = view.placeAt(row)
    const facts = view.packs[pack]
    if (facts !== undefined) places.push({ pack: facts, ...place })
  }
  return places
}
