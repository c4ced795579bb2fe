/** Which copy of a machine was at work last. Not in the log: after a rebuild two copies show themselves again. */

import { dayMs } from '../../base/clock.ts'
import type { MachineId } from '../../model/ids.ts'
import { continueLineage, type Lineage, type Link } from '../../policy/lineage.ts'
import type { Catalog, Row } from './tables.ts'

/** The machine's lineage with that link. */
export async function followLineage(
  catalog: Catalog,
  machineId: MachineId,
  { link, nowMs }: { readonly link: Link; readonly nowMs: number },
): Promise<Lineage> {
  return await catalog.transaction().execute(async (transaction) => {
    const row = await rowOf(transaction, machineId)
    const known = row && { ...row, left: row.left === '' ? [] : row.left.split(',') }
    const { current, left, clonedAt } = continueLineage(known, link, nowMs)
    const values = { current, left: left.join(','), clonedAt }
    await transaction
      .insertInto('lineages')
      .values({ machineId, ...values, splitAt: null })
      .onConflict((conflict) => conflict.column('machineId').doUpdateSet(values))
      .execute()
    return { current, left, clonedAt }
  })
}

const rowOf = (catalog: Catalog, machineId: MachineId): Promise<Row<'lineages'> | undefined> =>
  catalog.selectFrom('lineages').selectAll().where('machineId', '=', machineId).executeTakeFirst()

/** When two copies were last seen at work; null: never, or an operator has dealt with it. */
export const clonedAtOf = async (catalog: Catalog, machineId: MachineId): Promise<number | null> =>
  (await rowOf(catalog, machineId))?.clonedAt ?? null

/** No machine tells this one. */
const noToken = 'split'

/** An operator has told one of the two to register anew: whoever comes next goes on. */
export async function noteSplit(
  catalog: Catalog,
  machineId: MachineId,
  nowMs: number,
): Promise<void> {
  await catalog
    .updateTable('lineages')
    .set({ current: noToken, left: '', clonedAt: null, splitAt: nowMs })
    .where('machineId', '=', machineId)
    .execute()
}

/** How long after a split the registration is not to be ended by one of the two. */
const splitDays = 14

/** Whether one of two copies may be about to end what the other goes on with. */
export async function isShared(
  catalog: Catalog,
  machineId: MachineId,
  nowMs: number,
): Promise<boolean> {
  const row = await rowOf(catalog, machineId)
  if (row === undefined) return false
  return row.clonedAt !== null || (row.splitAt !== null && nowMs - row.splitAt < splitDays * dayMs)
}
