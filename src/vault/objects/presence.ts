/** Which objects a commit may name: the rule of docs/protocol.md, "Commit", 4. */

import { hourMs, type Clock } from '../../base/clock.ts'
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
import { findTrash } from '../catalog/trash.ts'
import { laterTime } from '../clock/vault-time.ts'
import { kindFolder, objectKey, trashKey, type Namespace } from './keys.ts'
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

const looksAtOnce = 16

/** Objects in the trash can be named until a day before their purge: no purge can then meet the commit. */
export const trashMarginMs = 24 * hourMs

export const placeOf = ({ space, repository }: RepositoryPlace): ObjectPlace => ({
  machineId: space.machineId,
  repository,
})

export interface PresentObject extends ObjectRow {
  /** It has to be brought back from there: see bringBack. */
  readonly isInTrash: boolean
}

/**
 * Those of `ids` that a commit may name. The store is asked for each: what the catalog does not know is added,
 * what the store does not have is forgotten.
 */
export async function presentObjects(
  context: PresenceContext,
  place: RepositoryPlace,
  ids: readonly ObjectId[],
): Promise<Map<ObjectId, PresentObject>> {
  const rows = await knownObjects(context, place, ids)
  const present = new Map<ObjectId, PresentObject>()
  const gone: ObjectId[] = []
  // Not a clock that went back: by the later time others purge.
  const look = { place, nowMs: await laterTime(context) }
  const usable = [...rows.values()].filter((row) => isUsable(row, look.nowMs))
  await forEachLimited(usable, looksAtOnce, async (row) => {
    const found = await whereBytesAre(context, look, row)
    if (found === 'nowhere') gone.push(row.id)
    else present.set(row.id, { ...row, isInTrash: found === 'in trash' })
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
  { store, catalog, clock }: PresenceContext,
  place: RepositoryPlace,
  id: ObjectId,
): Promise<ReceivedObject | undefined> {
  const nowMs = clock.now()
  for await (const { kind, key } of possiblePlaces(catalog, place, id)) {
    const stored = await store.stat(key)
    if (stored !== undefined) {
      const { sizeBytes, storedAtMs: receivedAt } = stored
      return { id, kind, sizeBytes, receivedAt, askedAt: nowMs }
    }
  }
  return undefined
}

/** Of all kinds, at their own places and in the trash: where it could be. */
async function* possiblePlaces(
  catalog: Catalog,
  place: RepositoryPlace,
  id: ObjectId,
): AsyncGenerator<{ readonly kind: ObjectKind; readonly key: string }> {
  for (const kind of objectKinds) yield { kind, key: keyOf(place, kind, id) }
  for (const { kind, decision } of await findTrash(catalog, placeOf(place), [id])) {
    yield { kind, key: trashKey(decision, keyOf(place, kind, id)) }
  }
}

export const keyOf = (place: RepositoryPlace, kind: ObjectKind, id: ObjectId): string =>
  objectKey(kindFolder(place.space, place.repository, kind), id)

interface Look {
  readonly place: RepositoryPlace
  readonly nowMs: number
}

/** In the trash: only if they can be brought back from there. */
async function whereBytesAre(
  { store, catalog }: PresenceContext,
  { place, nowMs }: Look,
  { kind, id }: ObjectRow,
): Promise<'in place' | 'in trash' | 'nowhere'> {
  const key = keyOf(place, kind, id)
  if ((await store.stat(key)) !== undefined) return 'in place'
  for (const copy of await findTrash(catalog, placeOf(place), [id])) {
    const isFarFromPurge = copy.purgeAt - nowMs > trashMarginMs
    const inTrash = trashKey(copy.decision, key)
    if (isFarFromPurge && (await store.stat(inTrash)) !== undefined) return 'in trash'
  }
  return 'nowhere'
}

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
