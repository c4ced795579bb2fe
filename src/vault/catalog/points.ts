/** Recovery points as the catalog knows them: the records' bytes, and what is looked up by. */

import { sql } from 'kysely'
import { retentionTags, type RetentionTag } from '../../model/point-record.ts'
import type { LastTagged } from '../../policy/retention.ts'
import type { MachineId, RecordHash, SourceName } from '../../model/ids.ts'
import type { Catalog, Row } from './tables.ts'

export type PointRow = Row<'points'>

/** A point, and whether it is still there. */
export interface KnownPoint extends PointRow {
  readonly state: 'kept' | 'deleted' | 'removed'
  /** Deleted: can be taken back until then. */
  readonly deletedUntil: number | null
  /** Taken back: does not expire before. */
  readonly undeletedUntil: number | null
  /** When it was deleted, taken back or removed last. */
  readonly stateChangedAt: number | null
}

export interface SourceOf {
  readonly machineId: MachineId
  readonly source: SourceName
}

const at = (catalog: Catalog, of: SourceOf) =>
  catalog.selectFrom('points').where('machineId', '=', of.machineId).where('source', '=', of.source)

/** The last point of a source that the catalog knows. */
export const lastPoint = (catalog: Catalog, of: SourceOf): Promise<PointRow | undefined> =>
  at(catalog, of).selectAll().orderBy('seq', 'desc').limit(1).executeTakeFirst()

export const findPoint = (
  catalog: Catalog,
  of: SourceOf,
  seq: number,
): Promise<PointRow | undefined> =>
  at(catalog, of).selectAll().where('seq', '=', seq).executeTakeFirst()

export async function savePoint(catalog: Catalog, row: PointRow): Promise<void> {
  await catalog
    .insertInto('points')
    .values(row)
    .onConflict((conflict) => conflict.columns(['machineId', 'source', 'seq']).doUpdateSet(row))
    .execute()
}

export interface Before {
  readonly seq: number
  readonly timeMs: number
}

/** When each tag was last taken, below a seq. Times that are still to come were told by a clock that was wrong. */
export async function lastTagged(
  catalog: Catalog,
  of: SourceOf,
  before: Before,
): Promise<LastTagged> {
  const times: Partial<Record<RetentionTag, number>> = {}
  for (const tag of retentionTags) {
    const row = await at(catalog, of)
      .select((select) => select.fn.max<number | null>('committedAt').as('last'))
      .where('seq', '<', before.seq)
      .where('committedAt', '<=', before.timeMs)
      .where('tags', 'like', `%${tag}%`)
      .executeTakeFirst()
    if (typeof row?.last === 'number') times[tag] = row.last
  }
  return times
}

export interface PointPage {
  readonly source: SourceName | undefined
  /** The last point of the page before. */
  readonly after: { readonly source: SourceName; readonly seq: number } | undefined
  readonly limit: number
}

/** Ascending by source and seq; also those that were deleted and removed. */
export async function pageOfPoints(
  catalog: Catalog,
  machineId: MachineId,
  page: PointPage,
): Promise<KnownPoint[]> {
  let query = knownPoints(catalog).where('points.machineId', '=', machineId)
  if (page.source !== undefined) query = query.where('points.source', '=', page.source)
  const after = page.after
  if (after !== undefined) {
    query = query.where((of) =>
      of.or([
        of('points.source', '>', after.source),
        of.and([of('points.source', '=', after.source), of('points.seq', '>', after.seq)]),
      ]),
    )
  }
  const ordered = query.orderBy('points.source').orderBy('points.seq').limit(page.limit)
  return (await ordered.execute()).map(known)
}

const knownPoints = (catalog: Catalog) =>
  catalog
    .selectFrom('points')
    .leftJoin('pointStates', (join) =>
      join
        .onRef('pointStates.machineId', '=', 'points.machineId')
        .onRef('pointStates.source', '=', 'points.source')
        .onRef('pointStates.seq', '=', 'points.seq'),
    )
    .selectAll('points')
    .select(['pointStates.state', 'pointStates.until', 'pointStates.changedAt'])

type Joined = PointRow & Nullable<Pick<Row<'pointStates'>, 'state' | 'until' | 'changedAt'>>
type Nullable<T> = { readonly [Name in keyof T]: T[Name] | null }

const known = ({ state, until, changedAt, ...row }: Joined): KnownPoint => ({
  ...row,
  state: state ?? 'kept',
  deletedUntil: state === 'deleted' ? until : null,
  undeletedUntil: state === 'kept' ? until : null,
  stateChangedAt: changedAt,
})

/** Of a machine by their ids; those that it does not have are not among them. */
export async function findPointsById(
  catalog: Catalog,
  machineId: MachineId,
  ids: readonly RecordHash[],
): Promise<KnownPoint[]> {
  const rows = await knownPoints(catalog)
    .where('points.machineId', '=', machineId)
    .where('points.hash', 'in', ids)
    .orderBy('points.source')
    .orderBy('points.seq')
    .execute()
  return rows.map(known)
}

/** Of a machine, those whose id begins so. */
export async function findPointsByPrefix(
  catalog: Catalog,
  machineId: MachineId,
  prefix: string,
): Promise<KnownPoint[]> {
  const rows = await knownPoints(catalog)
    .where('points.machineId', '=', machineId)
    .where(sql<boolean>`"points"."hash" like ${`${prefix}%`}`)
    .orderBy('points.source')
    .orderBy('points.seq')
    .execute()
  return rows.map(known)
}

/** Kept and soft-deleted points of a source, ascending: all that may still be restored. */
export async function standingPoints(catalog: Catalog, of: SourceOf): Promise<KnownPoint[]> {
  const rows = await knownPoints(catalog)
    .where('points.machineId', '=', of.machineId)
    .where('points.source', '=', of.source)
    .where((where) =>
      where.or([
        where('pointStates.state', 'is', null),
        where('pointStates.state', '!=', 'removed'),
      ]),
    )
    .orderBy('points.seq')
    .execute()
  return rows.map(known)
}

/** Names of a machine's sources that have points, ascending. */
export async function sourcesOf(catalog: Catalog, machineId: MachineId): Promise<SourceName[]> {
  const rows = await catalog
    .selectFrom('points')
    .select('source')
    .distinct()
    .where('machineId', '=', machineId)
    .orderBy('source')
    .execute()
  return rows.map(({ source }) => source)
}

/** How many points a machine has, and when the last one was made. */
export async function summaryOfPoints(
  catalog: Catalog,
  machineId: MachineId,
): Promise<{ readonly count: number; readonly lastAt: number | null }> {
  return await catalog
    .selectFrom('points')
    .select((of) => [
      of.fn.countAll<number>().as('count'),
      of.fn.max<number | null>('committedAt').as('lastAt'),
    ])
    .where('machineId', '=', machineId)
    .executeTakeFirstOrThrow()
}

/** Of all machines. */
export async function countPoints(catalog: Catalog): Promise<number> {
  const row = await catalog
    .selectFrom('points')
    .select((of) => of.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return row.count
}
