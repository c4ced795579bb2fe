/** Objects that no point needs go to the trash: decided in the log, then moved. */

import { dayMs, hourMs } from '../../base/clock.ts'
import type { ObjectId, ObjectKind } from '../../model/ids.ts'
import { addEvent } from '../catalog/events.ts'
import { findObjects, unusedObjects, type ObjectRow } from '../catalog/objects.ts'
import { trashKey } from '../objects/keys.ts'
import { keyOf, placeOf, type RepositoryPlace } from '../objects/presence.ts'
import { bringOneBack } from '../objects/trash.ts'
import type { CollectionContext } from './context.ts'
import type { Needed } from './mark.ts'

/** An upload waits so long for the point that it is for, whatever earlier points named the same. */
const stagedMs = 30 * dayMs
/** A commit that has looked at an object is done, or looks again, after an hour. */
const unusedMs = 2 * hourMs

/** A decision is carried out within this, or never. */
const decisionHoldsMs = hourMs

export interface TrashOptions {
  readonly place: RepositoryPlace
  readonly needed: Needed
  readonly nowMs: number
  /** For so long it can be brought back. */
  readonly trashMs: number
}

export interface Trashed {
  readonly objects: number
  readonly bytes: number
}

export async function trashUnneeded(
  context: CollectionContext,
  options: TrashOptions,
): Promise<Trashed> {
  const { place, needed, nowMs } = options
  const times = { askedBefore: nowMs - stagedMs, namedBefore: nowMs - unusedMs }
  const unused = await unusedObjects(context.catalog, placeOf(place), times)
  const unneeded = unused.filter(({ id }) => !needed.has(place.repository, id))
  const total = { objects: 0, bytes: 0 }
  for (const rows of batchesOfOneKind(unneeded)) {
    const moved = await trashBatch(context, options, rows)
    total.objects += moved.length
    total.bytes += moved.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  }
  return total
}

/** A record of the log has room for so many ids. */
const idsPerRecord = 450

function* batchesOfOneKind(rows: readonly ObjectRow[]): Generator<readonly ObjectRow[]> {
  const kinds = new Map<ObjectKind, ObjectRow[]>()
  for (const row of rows) kinds.set(row.kind, [...(kinds.get(row.kind) ?? []), row])
  for (const some of kinds.values()) {
    for (let at = 0; at < some.length; at += idsPerRecord) yield some.slice(at, at + idsPerRecord)
  }
}

async function trashBatch(
  context: CollectionContext,
  options: TrashOptions,
  rows: readonly ObjectRow[],
): Promise<readonly ObjectRow[]> {
  const [first] = rows
  if (first === undefined) return []
  const { machineId, repository } = placeOf(options.place)
  const before = options.nowMs - unusedMs
  const ids = rows.map(({ id }) => id)
  const decided = { machineId, repository, objectKind: first.kind, ids, before }
  const record = await context.log.append(() => {
    // Not from when the collection began: one that slept would put something there that is due at once.
    const purgeAt = Math.max(options.nowMs, context.clock.now()) + options.trashMs
    return { kind: 'objects-trashed', ...decided, purgeAt }
  })
  if (record === undefined) return []
  const moved: ObjectRow[] = []
  for (const row of rows) {
    // A collector that slept must not move what others have looked after meanwhile.
    if (context.clock.now() - record.atMs > decisionHoldsMs) break
    if (await moveOne(context, options.place, { row, decision: record.number })) moved.push(row)
  }
  return moved
}

/** Not what a commit or an upload has claimed since: the catalog knows it before they are answered. */
async function moveOne(
  { catalog, store }: CollectionContext,
  place: RepositoryPlace,
  { row, decision }: { readonly row: ObjectRow; readonly decision: number },
): Promise<boolean> {
  if ((await stateOf({ catalog }, place, row.id)) !== 'trash') return false
  const key = keyOf(place, row.kind, row.id)
  if (!(await store.move(key, trashKey(decision, key)))) return false
  // Whoever claimed it between the look and the move may have found it in its place still.
  if ((await stateOf({ catalog }, place, row.id)) !== 'trash') {
    await bringOneBack({ catalog, store }, place, { decision, kind: row.kind, id: row.id })
    return false
  }
  const { machineId, repository } = placeOf(place)
  await addEvent(catalog, { machineId, repository, kind: 'trashed', id: row.id })
  return true
}

const stateOf = async (
  { catalog }: Pick<CollectionContext, 'catalog'>,
  place: RepositoryPlace,
  id: ObjectId,
): Promise<ObjectRow['state'] | undefined> =>
  (await findObjects(catalog, placeOf(place), [id])).get(id)?.state
