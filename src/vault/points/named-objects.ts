/** Everything that a point keeps: the objects that its refs name, the refs themselves, its manifest. */

import type { Commit } from '../../model/commit.ts'
import type { ObjectId } from '../../model/ids.ts'
import { maxRefsBytes } from '../../model/limits.ts'
import { checkRefs, refsItemKey } from '../../model/refs-reader.ts'
import { readIfThere } from '../objects/object-store.ts'
import { keyOf, type RepositoryPlace } from '../objects/presence.ts'
import { keyInTrash, type TrashContext } from '../objects/trash.ts'

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
  context: TrashContext,
  { place, commit, seen }: NamedOptions,
): Promise<NamedObjects> {
  const ids: ObjectId[] = [commit.manifest]
  const inPlace = (key: string) => `${place.repository}:${key}`
  const refs = await checkRefs(commit.refsRoot, (id) => readRefsObject(context, place, id), {
    known: (shard) => seen.has(inPlace(refsItemKey(shard))),
    onShard: (shard) => void ids.push(...shard.ids),
  })
  for (const shard of refs.shards) {
    ids.push(shard.id)
    if (refs.missing.length === 0) seen.add(inPlace(refsItemKey(shard)))
  }
  return { ids: [...ids, ...refs.nodes], missing: refs.missing }
}

/** Also from the trash: what it names may have to be brought back from there. */
async function readRefsObject(
  context: TrashContext,
  place: RepositoryPlace,
  id: ObjectId,
): Promise<Uint8Array | undefined> {
  const own = keyOf(place, 'refs', id)
  const found = await readIfThere(context.store, own, maxRefsBytes)
  if (found !== undefined) return found
  const key = await keyInTrash(context, place, { kind: 'refs', id })
  const copy = key === undefined ? undefined : await readIfThere(context.store, key, maxRefsBytes)
  // It may have been brought back between the two looks.
  return copy ?? (await readIfThere(context.store, own, maxRefsBytes))
}
