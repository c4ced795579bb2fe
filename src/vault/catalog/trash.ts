/** What is in the trash, by the record of the log that put it there. */

import type { MachineId, ObjectId } from '../../model/ids.ts'
import type { EntryKind, EntryOf } from '../records/entries.ts'
import { batches, type ObjectPlace } from './objects.ts'
import type { Catalog, Row } from './tables.ts'

export type TrashRow = Row<'trash'>

interface RecordOf<Kind extends EntryKind> {
  readonly number: number
  readonly atMs: number
  readonly entry: EntryOf<Kind>
}

/** Objects that were sent or named since are not in the trash, whatever the record says: their files were left where they are. */
export async function addTrash(
  catalog: Catalog,
  { number: decision, atMs: decidedAt, entry }: RecordOf<'objects-trashed'>,
): Promise<void> {
  const { machineId, repository, objectKind: kind, ids, purgeAt, before } = entry
  const place = { machineId, repository, kind }
  const times = { decidedAt, purgeAt }
  for (const some of batches(ids, 100)) {
    await catalog
      .insertInto('trash')
      .values(some.map((id) => ({ decision, ...place, ...times, id, isPurged: 0 as const })))
      .execute()
    await catalog
      .updateTable('objects')
      .set({ state: 'trash', purgeAt })
      .where('machineId', '=', machineId)
      .where('repository', '=', repository)
      .where('id', 'in', some)
      .where('state', 'in', ['staged', 'live'])
      .where('askedAt', '<=', before)
      .where('namedAt', '<=', before)
      .execute()
  }
}

export async function markPurged(
  catalog: Catalog,
  { decision }: EntryOf<'objects-purged'>,
): Promise<void> {
  await catalog.updateTable('trash').set({ isPurged: 1 }).where('decision', '=', decision).execute()
}

export const trashOf = (catalog: Catalog, machineId: MachineId): Promise<TrashRow[]> =>
  catalog
    .selectFrom('trash')
    .selectAll()
    .where('machineId', '=', machineId)
    .orderBy('decision')
    .orderBy('id')
    .execute()

/** Copies of these objects whose purge is not decided, the newest last. */
export async function findTrash(
  catalog: Catalog,
  place: ObjectPlace,
  ids: readonly ObjectId[],
): Promise<TrashRow[]> {
  const found: TrashRow[] = []
  for (const some of batches(ids)) {
    const rows = await catalog
      .selectFrom('trash')
      .selectAll()
      .where('machineId', '=', place.machineId)
      .where('repository', '=', place.repository)
      .where('id', 'in', some)
      .where('isPurged', '=', 0)
      .orderBy('decision')
      .execute()
    found.push(...rows)
  }
  return found
}

/** A copy that is there, but of which nobody knew any more. */
export async function adoptTrash(catalog: Catalog, row: TrashRow): Promise<void> {
  await catalog
    .insertInto('trash')
    .values(row)
    .onConflict((conflict) => conflict.columns(['decision', 'id']).doNothing())
    .execute()
}

export async function forgetTrash(
  catalog: Catalog,
  { decision, id }: Pick<TrashRow, 'decision' | 'id'>,
): Promise<void> {
  await catalog.deleteFrom('trash').where('decision', '=', decision).where('id', '=', id).execute()
}
