/** Points that were deleted, taken back or removed. Their commit records stay for ever: the next ones are chained to them. */

import type { MachineId, SourceName } from '../../model/ids.ts'
import type { EntryOf } from '../records/entries.ts'
import { batches } from './objects.ts'
import type { SourceOf } from './points.ts'
import type { Catalog, Row } from './tables.ts'

export type PointState = Row<'pointStates'>

export const markDeleted = (
  catalog: Catalog,
  entry: EntryOf<'points-deleted'>,
  atMs: number,
): Promise<void> =>
  save(
    catalog,
    entry.seqs.map((seq) => ({
      ...{ machineId: entry.machineId, source: entry.source, seq },
      ...{ state: 'deleted' as const, cause: entry.cause, changedAt: atMs, until: entry.until },
    })),
  )

async function save(catalog: Catalog, rows: readonly PointState[]): Promise<void> {
  for (const some of batches(rows, 100)) {
    await catalog
      .insertInto('pointStates')
      .values(some)
      .onConflict((conflict) =>
        conflict.columns(['machineId', 'source', 'seq']).doUpdateSet((of) => ({
          state: of.ref('excluded.state'),
          cause: of.ref('excluded.cause'),
          changedAt: of.ref('excluded.changedAt'),
          until: of.ref('excluded.until'),
        })),
      )
      .execute()
  }
}

export const markUndeleted = (
  catalog: Catalog,
  { keepUntil, ...of }: EntryOf<'points-undeleted'>,
  changedAt: number,
): Promise<void> => change(catalog, of, { state: 'kept', changedAt, until: keepUntil })

export const markRemoved = (
  catalog: Catalog,
  of: EntryOf<'points-removed'>,
  changedAt: number,
): Promise<void> => change(catalog, of, { state: 'removed', changedAt })

interface Points extends SourceOf {
  readonly seqs: readonly number[]
}

/** Only what is deleted can be taken back or removed. */
async function change(catalog: Catalog, points: Points, to: Partial<PointState>): Promise<void> {
  for (const seqs of batches(points.seqs)) {
    await catalog
      .updateTable('pointStates')
      .set(to)
      .where('machineId', '=', points.machineId)
      .where('source', '=', points.source)
      .where('seq', 'in', seqs)
      .where('state', '=', 'deleted')
      .execute()
  }
}

export const findPointState = (
  catalog: Catalog,
  of: SourceOf,
  seq: number,
): Promise<PointState | undefined> =>
  catalog
    .selectFrom('pointStates')
    .selectAll()
    .where('machineId', '=', of.machineId)
    .where('source', '=', of.source)
    .where('seq', '=', seq)
    .executeTakeFirst()

/** Deleted points that can not be taken back any more, with the source they are of. */
export const overduePoints = (
  catalog: Catalog,
  nowMs: number,
): Promise<{ machineId: MachineId; source: SourceName; seq: number }[]> =>
  catalog
    .selectFrom('pointStates')
    .select(['machineId', 'source', 'seq'])
    .where('state', '=', 'deleted')
    .where('until', '<=', nowMs)
    .orderBy('machineId')
    .orderBy('source')
    .orderBy('seq')
    .execute()
