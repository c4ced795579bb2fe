/** Recovery points as the catalog knows them: the records' bytes, and what is looked up by. */

import { retentionTags, type RetentionTag } from '../../model/point-record.ts'
import type { LastTagged } from '../../policy/retention.ts'
import type { MachineId, SourceName } from '../../model/ids.ts'
import type { Catalog, Row } from './tables.ts'

export type PointRow = Row<'points'>

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

/** When each tag was last taken, below a seq. */
export async function lastTagged(
  catalog: Catalog,
  of: SourceOf,
  belowSeq: number,
): Promise<LastTagged> {
  const times: Partial<Record<RetentionTag, number>> = {}
  for (const tag of retentionTags) {
    const row = await at(catalog, of)
      .select((select) => select.fn.max<number | null>('committedAt').as('last'))
      .where('seq', '<', belowSeq)
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

/** Ascending by source and seq. */
export async function pageOfPoints(
  catalog: Catalog,
  machineId: MachineId,
  page: PointPage,
): Promise<PointRow[]> {
  let query = catalog.selectFrom('points').selectAll().where('machineId', '=', machineId)
  if (page.source !== undefined) query = query.where('source', '=', page.source)
  const after = page.after
  if (after !== undefined) {
    query = query.where((of) =>
      of.or([
        of('source', '>', after.source),
        of.and([of('source', '=', after.source), of('seq', '>', after.seq)]),
      ]),
    )
  }
  return await query.orderBy('source').orderBy('seq').limit(page.limit).execute()
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
