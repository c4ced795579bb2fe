/** How many bytes come back when points go: those of the objects that nothing which stays refers to. */

import { errorCodeOf } from '../../base/errors.ts'
import { decodeCommit, type Commit } from '../../model/commit.ts'
import type { ObjectId } from '../../model/ids.ts'
import { findObjects } from '../catalog/objects.ts'
import type { KnownPoint } from '../catalog/points.ts'
import type { Catalog } from '../catalog/tables.ts'
import type { Namespace } from '../objects/keys.ts'
import type { ObjectStore } from '../objects/object-store.ts'
import { placeOf, type RepositoryPlace } from '../objects/presence.ts'
import { namedObjects } from '../points/named-objects.ts'

export interface FreedContext {
  readonly catalog: Catalog
  readonly store: ObjectStore
}

/**
 * For each point of a machine the bytes that it is the last to refer to.
 * `points`: all that stand, those that stay first, then those that go, the last to go before the others.
 */
export async function freedBytes(
  context: FreedContext,
  space: Namespace,
  points: readonly KnownPoint[],
): Promise<number[]> {
  const shards = new Set<string>()
  const counted = new Set<string>()
  const freed: number[] = []
  for (const point of points) {
    const { commit } = decodeCommit(point.commit)
    const place = { space, repository: commit.repository }
    const named = await idsOf(context, { place, commit, seen: shards })
    const ids = named.filter((id) => isNew(counted, `${commit.repository}/${id}`))
    freed.push(await bytesOf(context, place, ids))
  }
  return freed
}

/** Refs that can not be read keep what they name, and free nothing. */
async function idsOf(
  context: FreedContext,
  options: {
    readonly place: RepositoryPlace
    readonly commit: Commit
    readonly seen: Set<string>
  },
): Promise<readonly ObjectId[]> {
  try {
    return (await namedObjects(context, options)).ids
  } catch (error) {
    if (errorCodeOf(error) === undefined) throw error
    return []
  }
}

function isNew(seen: Set<string>, key: string): boolean {
  if (seen.has(key)) return false
  seen.add(key)
  return true
}

async function bytesOf(
  { catalog }: FreedContext,
  place: RepositoryPlace,
  ids: readonly ObjectId[],
): Promise<number> {
  const rows = await findObjects(catalog, placeOf(place), ids)
  return [...rows.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}
