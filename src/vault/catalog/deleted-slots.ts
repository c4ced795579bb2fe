/** Key slots that were deleted: they lie in the store for a while, and are handed to nobody. */

import type { MachineId } from '../../model/ids.ts'
import type { EntryOf } from '../records/entries.ts'
import type { Catalog, Row } from './tables.ts'

export type DeletedSlot = Row<'deletedSlots'>

export async function addDeletedSlot(
  catalog: Catalog,
  { machineId, repository, slot, until }: EntryOf<'slot-deleted'>,
): Promise<void> {
  await catalog
    .insertInto('deletedSlots')
    .values({ machineId, repository, slot, until })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

export const deletedSlotsOf = (catalog: Catalog, machineId: MachineId): Promise<DeletedSlot[]> =>
  catalog.selectFrom('deletedSlots').selectAll().where('machineId', '=', machineId).execute()

export const deletedSlotsUntil = (catalog: Catalog, timeMs: number): Promise<DeletedSlot[]> =>
  catalog.selectFrom('deletedSlots').selectAll().where('until', '<=', timeMs).execute()
