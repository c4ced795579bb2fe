/** Single facts of the catalog: how far the log has been read, the feed's id, the address. */

import type { Catalog } from './tables.ts'

type MetaKey =
  | 'feed'
  | 'lastRecord'
  | 'lastRecordSum'
  | 'address'
  | 'port'
  /** Set once every object of the store has a row. */
  | 'objectsWalked'
  /** The vault's time when the clock was last looked at and believed, ms. */
  | 'clockSeen'
  /** Where the clock was seen to jump: `seen,clock`, ms. */
  | 'clockSuspended'
  /** When objects were last collected, ms. */
  | 'collectedAt'
  /** The key that the scrub has read last; none between two rounds. */
  | 'scrubbedTo'
  /** When the last whole round of the scrub ended, ms. */
  | 'scrubbedAt'
  /** Time of the last record of the log, ms. */
  | 'lastRecordAt'

export async function readMeta(catalog: Catalog, key: MetaKey): Promise<string | undefined> {
  const row = await catalog
    .selectFrom('meta')
    .select('value')
    .where('key', '=', key)
    .executeTakeFirst()
  return row?.value
}

export async function writeMeta(catalog: Catalog, key: MetaKey, value: string): Promise<void> {
  await catalog
    .insertInto('meta')
    .values({ key, value })
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
    .execute()
}

export async function clearMeta(catalog: Catalog, key: MetaKey): Promise<void> {
  await catalog.deleteFrom('meta').where('key', '=', key).execute()
}

/** How far the log is in the catalog. */
export interface LogHead {
  /** Number of the last record, -1 before the first. */
  readonly number: number
  /** What that record ends in, hexadecimal; empty before the first. */
  readonly sum: string
}

export async function readLogHead(catalog: Catalog): Promise<LogHead> {
  const rows = await catalog
    .selectFrom('meta')
    .selectAll()
    .where('key', 'in', ['lastRecord', 'lastRecordSum'])
    .execute()
  const value = (key: MetaKey) => rows.find((row) => row.key === key)?.value
  return { number: Number(value('lastRecord') ?? -1), sum: value('lastRecordSum') ?? '' }
}

export async function writeLogHead(catalog: Catalog, head: LogHead): Promise<void> {
  await writeMeta(catalog, 'lastRecord', String(head.number))
  await writeMeta(catalog, 'lastRecordSum', head.sum)
}

export interface ServiceAddress {
  readonly address: string
  readonly port: number
}

export async function readAddress(catalog: Catalog): Promise<ServiceAddress | undefined> {
  const address = await readMeta(catalog, 'address')
  const port = await readMeta(catalog, 'port')
  return address === undefined || port === undefined ? undefined : { address, port: Number(port) }
}
