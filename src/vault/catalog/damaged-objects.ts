/** Objects that are not what their name says: marked by the vault's log, and missed by runs until they come again. */

import type { ObjectId } from '../../model/ids.ts'
import type { EntryOf } from '../records/entries.ts'
import { at, newRow, type ObjectPlace } from './objects.ts'
import type { Catalog } from './tables.ts'

/** From now on no commit names it, no list has it, and a run sends it, or what it held, again. */
export async function markDamaged(
  catalog: Catalog,
  { machineId, repository, objectKind, id, sizeBytes }: EntryOf<'object-damaged'>,
  atMs: number,
): Promise<void> {
  const times = { receivedAt: atMs, askedAt: atMs }
  const row = newRow({ machineId, repository }, { id, kind: objectKind, sizeBytes, ...times })
  const damaged = { state: 'damaged', purgeAt: null } as const
  await catalog
    .insertInto('objects')
    .values({ ...row, ...damaged })
    .onConflict((conflict) =>
      conflict.columns(['machineId', 'repository', 'id']).doUpdateSet(damaged),
    )
    .execute()
}

/** It came again, or was found whole after all. */
export const markSound = (
  catalog: Catalog,
  { machineId, repository, id }: EntryOf<'object-sound'>,
): Promise<unknown> =>
  catalog
    .updateTable('objects')
    .set({ state: 'live' })
    .where('machineId', '=', machineId)
    .where('repository', '=', repository)
    .where('id', '=', id)
    .where('state', '=', 'damaged')
    .execute()

/** Of all machines. */
export async function countDamaged(catalog: Catalog): Promise<number> {
  const row = await catalog
    .selectFrom('objects')
    .select((of) => of.fn.countAll<number>().as('count'))
    .where('state', '=', 'damaged')
    .executeTakeFirstOrThrow()
  return row.count
}

export interface DamagedObject extends ObjectPlace {
  readonly id: ObjectId
}

/** Of all machines. */
export const damagedObjects = (catalog: Catalog): Promise<DamagedObject[]> =>
  catalog
    .selectFrom('objects')
    .select(['machineId', 'repository', 'id'])
    .where('state', '=', 'damaged')
    .execute()

export async function hasDamagedObjects(catalog: Catalog, place: ObjectPlace): Promise<boolean> {
  const row = await at(catalog, place)
    .select('id')
    .where('state', '=', 'damaged')
    .executeTakeFirst()
  return row !== undefined
}
