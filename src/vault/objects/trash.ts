/** Objects whose bytes were moved to the trash: found there, and moved back to their own place. */

import { forEachLimited } from '../../base/flow.ts'
import type { ObjectId } from '../../model/ids.ts'
import type { ObjectRow } from '../catalog/objects.ts'
import type { Catalog } from '../catalog/tables.ts'
import { findTrash, forgetTrash, type TrashRow } from '../catalog/trash.ts'
import { trashKey } from './keys.ts'
import type { ObjectStore } from './object-store.ts'
import { keyOf, placeOf, type RepositoryPlace } from './presence.ts'

export interface TrashContext {
  readonly store: ObjectStore
  readonly catalog: Catalog
}

/** Undefined where no copy is in the trash, or its purge is decided. */
export async function keyInTrash(
  { store, catalog }: TrashContext,
  place: RepositoryPlace,
  { kind, id }: Pick<ObjectRow, 'kind' | 'id'>,
): Promise<string | undefined> {
  for (const { decision } of await findTrash(catalog, placeOf(place), [id])) {
    const key = trashKey(decision, keyOf(place, kind, id))
    if ((await store.stat(key)) !== undefined) return key
  }
  return undefined
}

const movesAtOnce = 8

/**
 * Moves those of `ids` back that are in the trash. What they count as is the caller's to say, before: then no collection
 * moves them again. False if one of them had to be moved and is not there: then all have to be looked for anew.
 */
export async function bringBack(
  context: TrashContext,
  place: RepositoryPlace,
  ids: readonly ObjectId[],
): Promise<boolean> {
  let areInPlace = true
  const copies = await findTrash(context.catalog, placeOf(place), ids)
  await forEachLimited(copies, movesAtOnce, async (copy) => {
    if (!(await bringOneBack(context, place, copy))) areInPlace = false
  })
  return areInPlace
}

/** True if the object is at its own place now. */
export async function bringOneBack(
  { store, catalog }: TrashContext,
  place: RepositoryPlace,
  copy: Pick<TrashRow, 'decision' | 'kind' | 'id'>,
): Promise<boolean> {
  const key = keyOf(place, copy.kind, copy.id)
  // Where there was nothing to move, a collection may be about to move it there: what tells of it stays.
  if (await store.move(trashKey(copy.decision, key), key)) await forgetTrash(catalog, copy)
  return (await store.stat(key)) !== undefined
}
