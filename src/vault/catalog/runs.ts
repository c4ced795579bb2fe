/** What machines tell of their runs. Not in the log: losing them loses no point. */

import type { MachineId } from '../../model/ids.ts'
import type { Catalog, Row } from './tables.ts'

const runsPerMachine = 1_000

/** Adds or replaces a run; a machine's oldest are forgotten beyond a thousand. */
export async function saveRun(catalog: Catalog, run: Row<'runs'>): Promise<void> {
  const { report, updatedAt } = run
  await catalog.transaction().execute(async (transaction) => {
    await transaction
      .insertInto('runs')
      .values(run)
      .onConflict((conflict) =>
        conflict.columns(['machineId', 'id']).doUpdateSet({ report, updatedAt }),
      )
      .execute()
    await forgetOldest(transaction, run.machineId)
  })
}

async function forgetOldest(catalog: Catalog, machineId: MachineId): Promise<void> {
  const oldest = catalog
    .selectFrom('runs')
    .select('id')
    .where('machineId', '=', machineId)
    .orderBy('updatedAt', 'desc')
    .limit(-1)
    .offset(runsPerMachine)
  await catalog
    .deleteFrom('runs')
    .where('machineId', '=', machineId)
    .where('id', 'in', oldest)
    .execute()
}

/** Newest first; of one machine, or of all. */
export async function listRuns(
  catalog: Catalog,
  limit: number,
  machineId?: MachineId,
): Promise<Row<'runs'>[]> {
  const all = catalog.selectFrom('runs').selectAll().orderBy('updatedAt', 'desc').limit(limit)
  return await (machineId === undefined ? all : all.where('machineId', '=', machineId)).execute()
}
