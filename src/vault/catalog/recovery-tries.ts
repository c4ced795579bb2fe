/** Tries to prove a machine's passphrase. */

import type { MachineId } from '../../model/ids.ts'
import type { Catalog } from './tables.ts'

/** Failed ones since a time. */
export async function countFailedTries(
  catalog: Catalog,
  machineId: MachineId,
  sinceMs: number,
): Promise<number> {
  const row = await catalog
    .selectFrom('recoveryTries')
    .select((of) => of.fn.countAll<number>().as('count'))
    .where('machineId', '=', machineId)
    .where('ok', '=', 0)
    .where('at', '>', sinceMs)
    .executeTakeFirstOrThrow()
  return row.count
}
