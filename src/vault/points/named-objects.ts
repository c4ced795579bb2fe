/** Everything that a point keeps: the objects that its refs name, the refs themselves, its manifest. */

import type { Commit } from '../../model/commit.ts'
import type { ObjectId } from '../../model/ids.ts'
import { maxRefsBytes } from '../../model/limits.ts'
import { checkRefs, refsItemKey } from '../../model/refs-reader.ts'
import { readIfThere, type ObjectStore } from '../objects/object-store.ts'
import { keyOf, type RepositoryPlace } from '../objects/presence.ts'

export interface NamedOptions {
  readonly place: RepositoryPlace
  readonly commit: Commit
  /** Shards that were read for other points of the machine: their ids are left out. Those of this one are added. */
  readonly seen: Set<string>
}

export interface NamedObjects {
  readonly ids: readonly ObjectId[]
  /** Refs objects that are not there: what they name is not known. */
  readonly missing: readonly ObjectId[]
}

/** @throws BackupError `damaged`, `malformed` where the refs can not be read */
export async function namedObjects(
  store: ObjectStore,
  { place, commit, seen }: NamedOptions,
): Promise<NamedObjects> {
  const ids: ObjectId[] = [commit.manifest]
  const inPlace = (key: string) => `${place.repository}:${key}`
  const refs = await checkRefs(
    commit.refsRoot,
    (id) => readIfThere(store, keyOf(place, 'refs', id), maxRefsBytes),
    {
      known: (shard) => seen.has(inPlace(refsItemKey(shard))),
      onShard: (shard) => void ids.push(...shard.ids),
    },
  )
  for (const shard of refs.shards) {
    ids.push(shard.id)
    if (refs.missing.length === 0) seen.add(inPlace(refsItemKey(shard)))
  }
  return { ids: [...ids, ...refs.nodes], missing: refs.missing }
}
