/** The feed that tells an agent what was damaged, trashed or purged. A new catalog is a new feed. */

import type { MachineId } from '../../model/ids.ts'
import type { Catalog, Row } from './tables.ts'

export type Event = Row<'events'>

const eventsPerAnswer = 1_000

/** The oldest after a cursor. */
export const eventsAfter = (
  catalog: Catalog,
  machineId: MachineId,
  cursor: number,
): Promise<Event[]> =>
  catalog
    .selectFrom('events')
    .selectAll()
    .where('machineId', '=', machineId)
    .where('cursor', '>', cursor)
    .orderBy('cursor')
    .limit(eventsPerAnswer)
    .execute()

/** The newest cursor of the whole feed, 0 before the first event. */
export async function lastCursor(catalog: Catalog): Promise<number> {
  const row = await catalog
    .selectFrom('events')
    .select((of) => of.fn.max<number | null>('cursor').as('last'))
    .executeTakeFirst()
  return row?.last ?? 0
}

export async function addEvent(catalog: Catalog, event: Omit<Event, 'cursor'>): Promise<void> {
  await catalog.insertInto('events').values(event).execute()
}
