/** What is remembered of the clock: when it was last believed, and whether it was seen to jump. */

import type { EntryOf } from '../records/entries.ts'
import { clearMeta, readMeta, writeMeta } from './meta.ts'
import type { Catalog } from './tables.ts'

export interface ClockMemory {
  /** When the clock was last believed; undefined in a new vault. ms */
  readonly seenAt: number | undefined
  /** The jump that waits to be confirmed. */
  readonly jump: ClockJump | undefined
}

export interface ClockJump {
  readonly seenAt: number
  readonly clockAt: number
}

export async function readClock(catalog: Catalog): Promise<ClockMemory> {
  const [seen, suspended] = [
    await readMeta(catalog, 'clockSeen'),
    await readMeta(catalog, 'clockSuspended'),
  ]
  const [seenAt = 0, clockAt = 0] = (suspended ?? '').split(',').map(Number)
  return {
    seenAt: seen === undefined ? await newestTime(catalog) : Number(seen),
    jump: suspended === undefined ? undefined : { seenAt, clockAt },
  }
}

/** A new catalog goes by what was written last. */
async function newestTime(catalog: Catalog): Promise<number | undefined> {
  const { last } = await catalog
    .selectFrom('points')
    .select((of) => of.fn.max<number | null>('committedAt').as('last'))
    .executeTakeFirstOrThrow()
  const recordAt = await readMeta(catalog, 'lastRecordAt')
  const times = [last, recordAt === undefined ? null : Number(recordAt)]
  const known = times.filter((time) => time !== null)
  return known.length === 0 ? undefined : Math.max(...known)
}

export const noteClock = (catalog: Catalog, seenAt: number): Promise<void> =>
  writeMeta(catalog, 'clockSeen', String(seenAt))

/** Also for a catalog that has not seen the clock before it jumped. */
export async function suspendClock(
  catalog: Catalog,
  { seenAt, clockAt }: EntryOf<'clock-suspended'>,
): Promise<void> {
  await noteClock(catalog, seenAt)
  await writeMeta(catalog, 'clockSuspended', `${seenAt},${clockAt}`)
}

export async function confirmClock(
  catalog: Catalog,
  { clockAt }: EntryOf<'clock-confirmed'>,
): Promise<void> {
  await noteClock(catalog, clockAt)
  await clearMeta(catalog, 'clockSuspended')
}
