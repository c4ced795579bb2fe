/** Which objects a commit may name: the rule of docs/protocol.md, "Commit", 4. */

import { hourMs } from '../../base/clock.ts'
import type { Clock } from '../../base/clock.ts'
import { forEachLimited } from '../../base/flow.ts'
import { objectKinds, type ObjectId, type ObjectKind } from '../../model/ids.ts'
import {
  findObjects,
  forgetObjects,
  noteObjects,
  type ObjectPlace,
  type ObjectRow,
  type ReceivedObject,
} from '../catalog/objects.ts'
import type { Catalog } from '../catalog/tables.ts'
import { kindFolder, objectKey, type Namespace } from './keys.ts'
import type { ObjectStore } from './object-store.ts'

export interface PresenceContext {
  readonly store: ObjectStore
  readonly catalog: Catalog
  readonly clock: Clock
}

export interface RepositoryPlace {
  readonly space: Namespace
  readonly repository: number
}

/** Objects in trash can be named until a day before their purge: no purge can then meet the commit. */
const trashMarginMs = 24 * hourMs
const looksAtOnce = 16

export const placeOf = ({ space, repository }: RepositoryPlace): ObjectPlace => ({
  machineId: space.machineId,
  repository,
})

/**
 * Those of `ids` that a commit may name. The store is asked for each: what the catalog does not know is added,
 * what the store does not have is forgotten.
 */
export async function presentObjects(
  context: PresenceContext,
  place: RepositoryPlace,
  ids: readonly ObjectId[],
): Promise<Map<ObjectId, ObjectRow>> {
  const rows = await knownObjects(context, place, ids)
  const present = new Map<ObjectId, ObjectRow>()
  const gone: ObjectId[] = []
  await forEachLimited(rows.values(), looksAtOnce, async (row) => {
    if (!isUsable(row, context.clock.now())) return
    const key = keyOf(place, row.kind, row.id)
    if ((await context.store.stat(key)) !== undefined) present.set(row.id, row)
    else gone.push(row.id)
  })
  await forgetObjects(context.catalog, placeOf(place), gone)
  return present
}

/** The rows of `ids`, whatever their state; for those without one the store is asked. */
export async function knownObjects(
  context: PresenceContext,
  place: RepositoryPlace,
  ids: readonly ObjectId[],
): Promise<Map<ObjectId, ObjectRow>> {
  const rows = await findObjects(context.catalog, placeOf(place), ids)
  const unknown = ids.filter((id) => !rows.has(id))
  if (unknown.length === 0) return rows
  const found: ReceivedObject[] = []
  await forEachLimited(unknown, looksAtOnce, async (id) => {
    const object = await lookFor(context, place, id)
    if (object !== undefined) found.push(object)
  })
  if (found.length === 0) return rows
  await noteObjects(context.catalog, placeOf(place), found)
  const added = found.map(({ id }) => id)
  for (const [id, row] of await findObjects(context.catalog, placeOf(place), added))
    rows.set(id, row)
  return rows
}

/** Its time starts anew: nobody knows when it was last asked for. */
async function lookFor(
  { store, clock }: PresenceContext,
  place: RepositoryPlace,
  id: ObjectId,
): Promise<ReceivedObject | undefined> {
  const nowMs = clock.now()
  for (const kind of objectKinds) {
    const stored = await store.stat(keyOf(place, kind, id))
    if (stored !== undefined) {
      const { sizeBytes, storedAtMs: receivedAt } = stored
      return { id, kind, sizeBytes, receivedAt, askedAt: nowMs }
    }
  }
  return undefined
}

export const keyOf = (place: RepositoryPlace, kind: ObjectKind, id: ObjectId): string =>
  objectKey(kindFolder(place.space, place.repository, kind), id)

function isUsable(row: ObjectRow, nowMs: number): boolean {
  switch (row.state) {
    case 'staged':
    case 'live':
      return true
    case 'trash':
      return row.purgeAt !== null && row.purgeAt - nowMs > trashMarginMs
    case 'damaged':
      return false
  }
}
