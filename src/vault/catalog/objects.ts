/** Objects that machines have uploaded. A missing row says nothing: the store is asked then. */

import type { MachineId, ObjectId, ObjectKind } from '../../model/ids.ts'
import type { Catalog, Row } from './tables.ts'

export type ObjectRow = Row<'objects'>

export interface ObjectPlace {
  readonly machineId: MachineId
  readonly repository: number
}

/** SQLite takes only so many parameters, and a transaction should not hold up others for long. */
const rowsAtOnce = 500

export function* batches<T>(items: readonly T[], size = rowsAtOnce): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size)
}

export async function findObjects(
  catalog: Catalog,
  place: ObjectPlace,
  ids: readonly ObjectId[],
): Promise<Map<ObjectId, ObjectRow>> {
  const found = new Map<ObjectId, ObjectRow>()
  for (const some of batches(ids)) {
    const rows = await at(catalog, place).selectAll().where('id', 'in', some).execute()
    for (const row of rows) found.set(row.id, row)
  }
  return found
}

export const at = (catalog: Catalog, place: ObjectPlace) =>
  catalog
    .selectFrom('objects')
    .where('machineId', '=', place.machineId)
    .where('repository', '=', place.repository)

export interface ReceivedObject {
  readonly id: ObjectId
  readonly kind: ObjectKind
  readonly sizeBytes: number
  readonly receivedAt: number
  readonly askedAt: number
}

/** Adds rows, or renews those that are there: bytes that came again and were checked are sound and wanted. */
export async function addObjects(
  catalog: Catalog,
  place: ObjectPlace,
  objects: readonly ReceivedObject[],
): Promise<void> {
  for (const some of batches(objects, 100)) {
    await catalog
      .insertInto('objects')
      .values(some.map((object) => newRow(place, object)))
      .onConflict((conflict) =>
        conflict.columns(['machineId', 'repository', 'id']).doUpdateSet((of) => ({
          kind: of.ref('excluded.kind'),
          sizeBytes: of.ref('excluded.sizeBytes'),
          askedAt: of.fn<number>('max', ['objects.askedAt', 'excluded.askedAt']),
          state: of
            .case()
            .when('objects.state', '=', 'live')
            .then('live' as const)
            .else('staged' as const)
            .end(),
          purgeAt: null,
        })),
      )
      .execute()
  }
}

/** Adds rows for what was found in the store; those that are there know better. */
export async function noteObjects(
  catalog: Catalog,
  place: ObjectPlace,
  objects: readonly ReceivedObject[],
): Promise<void> {
  for (const some of batches(objects, 100)) {
    await catalog
      .insertInto('objects')
      .values(some.map((object) => newRow(place, object)))
      .onConflict((conflict) => conflict.columns(['machineId', 'repository', 'id']).doNothing())
      .execute()
  }
}

export const newRow = (place: ObjectPlace, object: ReceivedObject): ObjectRow => ({
  ...place,
  ...object,
  namedAt: 0,
  state: 'staged',
  purgeAt: null,
})

export interface Renewal {
  readonly ids: readonly ObjectId[]
  readonly nowMs: number
}

/** What is asked for is kept for another 30 days, and is in the trash no more. */
export async function renewObjects(
  catalog: Catalog,
  place: ObjectPlace,
  renewal: Renewal,
): Promise<void> {
  for (const some of batches(renewal.ids)) {
    await catalog
      .updateTable('objects')
      .set((of) => ({
        askedAt: renewal.nowMs,
        purgeAt: null,
        state: of
          .case()
          .when('state', '=', 'trash')
          .then('staged' as const)
          .else(of.ref('state'))
          .end(),
      }))
      .where('machineId', '=', place.machineId)
      .where('repository', '=', place.repository)
      .where('id', 'in', some)
      .execute()
  }
}

/** A point is about to name them, or does. In trash they are no more. */
export async function markLive(
  catalog: Catalog,
  place: ObjectPlace,
  { ids, nowMs }: Renewal,
): Promise<void> {
  for (const some of batches(ids)) {
    await catalog
      .updateTable('objects')
      .set({ state: 'live', purgeAt: null, namedAt: nowMs })
      .where('machineId', '=', place.machineId)
      .where('repository', '=', place.repository)
      .where('state', 'in', ['staged', 'live', 'trash'])
      .where('id', 'in', some)
      .execute()
  }
}

export interface UnusedTimes {
  /** They were last sent or asked for at or before then. */
  readonly askedBefore: number
  /** No commit has named them since. */
  readonly namedBefore: number
}

/** Objects that may be unneeded: whether a point names them is not known here. */
export const unusedObjects = (
  catalog: Catalog,
  place: ObjectPlace,
  { askedBefore, namedBefore }: UnusedTimes,
): Promise<ObjectRow[]> =>
  at(catalog, place)
    .selectAll()
    .where('state', 'in', ['staged', 'live'])
    .where('askedAt', '<=', askedBefore)
    .where('namedAt', '<=', namedBefore)
    .execute()

/** Numbers of the repositories of which there are objects. */
export async function repositoriesOf(catalog: Catalog, machineId: MachineId): Promise<number[]> {
  const rows = await catalog
    .selectFrom('objects')
    .select('repository')
    .distinct()
    .where('machineId', '=', machineId)
    .orderBy('repository')
    .execute()
  return rows.map(({ repository }) => repository)
}

export interface BackFromTrash {
  readonly id: ObjectId
  readonly state: 'staged' | 'live'
  /** Only where it was put into the trash with that time. */
  readonly purgeAt?: number
}

export async function backFromTrash(
  catalog: Catalog,
  place: ObjectPlace,
  { id, state, purgeAt }: BackFromTrash,
): Promise<void> {
  const update = catalog
    .updateTable('objects')
    .set({ state, purgeAt: null })
    .where('machineId', '=', place.machineId)
    .where('repository', '=', place.repository)
    .where('id', '=', id)
    .where('state', '=', 'trash')
  await (purgeAt === undefined ? update : update.where('purgeAt', '=', purgeAt)).execute()
}

/** The row goes with the copy that it tells of; another copy has another row by now. */
export async function forgetPurged(
  catalog: Catalog,
  place: ObjectPlace,
  { id, purgeAt }: Pick<Row<'trash'>, 'id' | 'purgeAt'>,
): Promise<void> {
  await catalog
    .deleteFrom('objects')
    .where('machineId', '=', place.machineId)
    .where('repository', '=', place.repository)
    .where('id', '=', id)
    .where('state', '=', 'trash')
    .where('purgeAt', '=', purgeAt)
    .execute()
}

/** The store has them no more. */
export async function forgetObjects(
  catalog: Catalog,
  place: ObjectPlace,
  ids: readonly ObjectId[],
): Promise<void> {
  for (const some of batches(ids)) {
    await catalog
      .deleteFrom('objects')
      .where('machineId', '=', place.machineId)
      .where('repository', '=', place.repository)
      .where('id', 'in', some)
      .execute()
  }
}

/** Of all machines. */
export async function storedBytes(catalog: Catalog): Promise<number> {
  const row = await catalog
    .selectFrom('objects')
    .select((of) => of.fn.sum<number | null>('sizeBytes').as('bytes'))
    .executeTakeFirstOrThrow()
  return row.bytes ?? 0
}

export interface ObjectPage {
  readonly after: ObjectId | undefined
  readonly kind: ObjectKind | undefined
  readonly limit: number
}

/** What is present, neither damaged nor in trash, ascending by id. */
export async function pageOfObjects(
  catalog: Catalog,
  place: ObjectPlace,
  page: ObjectPage,
): Promise<ObjectRow[]> {
  let query = at(catalog, place).selectAll().where('state', 'in', ['staged', 'live'])
  if (page.after !== undefined) query = query.where('id', '>', page.after)
  if (page.kind !== undefined) query = query.where('kind', '=', page.kind)
  return await query.orderBy('id').limit(page.limit).execute()
}

export interface ObjectTotals {
  readonly count: number
  readonly bytes: number
}

/** Of one machine, whatever their state. */
export async function totalsOf(catalog: Catalog, machineId: MachineId): Promise<ObjectTotals> {
  const row = await catalog
    .selectFrom('objects')
    .select((of) => [
      of.fn.countAll<number>().as('count'),
      of.fn.sum<number | null>('sizeBytes').as('bytes'),
    ])
    .where('machineId', '=', machineId)
    .executeTakeFirstOrThrow()
  return { count: row.count, bytes: row.bytes ?? 0 }
}
