/** Holds: what is under one neither expires nor can be deleted, whatever was decided before. */

import type { MachineId, SourceName } from '../../model/ids.ts'
import type { EntryOf } from '../records/entries.ts'
import type { Catalog, Row } from './tables.ts'

export type Hold = Row<'holds'>

export async function setHold(
  catalog: Catalog,
  { machineId, source, seq = 0, note }: EntryOf<'hold-set'>,
  setAt: number,
): Promise<void> {
  await catalog
    .insertInto('holds')
    .values({ machineId, source: source ?? '', seq, note, setAt })
    .onConflict((conflict) =>
      conflict.columns(['machineId', 'source', 'seq']).doUpdateSet({ note, setAt }),
    )
    .execute()
}

export async function clearHold(
  catalog: Catalog,
  { machineId, source, seq = 0 }: EntryOf<'hold-cleared'>,
): Promise<void> {
  await catalog
    .deleteFrom('holds')
    .where('machineId', '=', machineId)
    .where('source', '=', source ?? '')
    .where('seq', '=', seq)
    .execute()
}

/** Of one machine, or of all. */
export async function listHolds(catalog: Catalog, machineId?: MachineId): Promise<Hold[]> {
  const all = catalog.selectFrom('holds').selectAll().orderBy('machineId').orderBy('source')
  const ordered = all.orderBy('seq')
  return await (
    machineId === undefined ? ordered : ordered.where('machineId', '=', machineId)
  ).execute()
}

export interface HeldPoint {
  readonly source: SourceName
  readonly seq: number
}

/** `holds`: those of the point's machine. */
export const isHeld = (holds: readonly Hold[], point: HeldPoint): boolean =>
  holds.some(
    ({ source, seq }) =>
      (source === '' || source === point.source) && (seq === 0 || seq === point.seq),
  )
