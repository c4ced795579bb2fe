/**
 * Makes the catalog anew from the objects and the log alone, beside a running `serve` if need be: into a file of its own first,
 * then, in one transaction, in place of the rows that are there.
 */

import { access, rename, rm } from 'node:fs/promises'
import { systemRandom, toHex } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import { systemCodeOf } from '../base/errors.ts'
import { writeMeta } from './catalog/meta.ts'
import { openCatalog } from './catalog/open.ts'
import { closeSqlite, inTransaction, openSqlite, type Database } from './catalog/sqlite.ts'
import { catalogVersion, type Catalog } from './catalog/tables.ts'
import type { ObjectStore } from './objects/object-store.ts'
import { reconcileObjects, reconcilePoints } from './points/reconcile.ts'
import { createVaultLog } from './records/log.ts'
import type { VaultSigner } from './records/signer.ts'

export interface RebuildContext {
  readonly store: ObjectStore
  readonly signer: VaultSigner
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** @throws BackupError `catalog-behind` if the log itself has a gap or is not to be believed; the old catalog stays then */
export async function rebuildCatalog(path: string, context: RebuildContext): Promise<void> {
  const fresh = `${path}.new-${toHex(systemRandom(8))}`
  const startedAt = context.clock.now()
  try {
    await build(fresh, context)
    if (await isUsable(path)) await replaceRows(path, fresh, startedAt)
    else await replaceDatabase(path, fresh)
  } finally {
    await removeDatabase(fresh)
  }
}

async function build(path: string, context: RebuildContext): Promise<void> {
  const catalog: Catalog = await openCatalog(path)
  try {
    const parts = { ...context, catalog }
    const log = createVaultLog(parts)
    await log.verify()
    await log.catchUp()
    await reconcilePoints(parts)
    await reconcileObjects(parts, context.signal)
    await writeMeta(catalog, 'objectsWalked', '1')
  } finally {
    await catalog.destroy()
  }
}

/** Whether others may hold it open as a catalog of this version: then its file has to stay. */
async function isUsable(path: string): Promise<boolean> {
  try {
    await access(path)
    const database = await openSqlite(path)
    try {
      const [version] = database.prepare('pragma user_version').all() as { user_version: number }[]
      const [check] = database.prepare('pragma quick_check(1)').all() as { quick_check: string }[]
      return version?.user_version === catalogVersion && check?.quick_check === 'ok'
    } finally {
      closeSqlite(database)
    }
  } catch {
    return false
  }
}

/** Known from the store and the log. What machines told of their runs is in neither, and stays. */
const rebuiltTables = [
  'meta',
  'vaults',
  'machines',
  'certificates',
  'credentials',
  'recoveryTries',
  'authorities',
  'points',
  'pointStates',
  'trash',
  'retentions',
  'wanted',
  'holds',
  'pins',
  'operators',
  'approvals',
  'deletedSlots',
  'objects',
] as const

async function replaceRows(path: string, fresh: string, startedAt: number): Promise<void> {
  const database = await openSqlite(path)
  try {
    database.prepare('attach database ? as "fresh"').run(fresh)
    inTransaction(database, () => copyRows(database, startedAt))
  } finally {
    closeSqlite(database)
  }
}

/**
 * What was received since the walk began may have been missed by it; the feed is a new one, so its events are over.
 * When the clock was last believed is nowhere else: forgetting it would only suspend expiry.
 */
function copyRows(database: Database, startedAt: number): void {
  const recent =
    'create temp table "recent" as select * from main."objects" where "receivedAt" >= ?'
  database.prepare(recent).run(startedAt)
  const seen = `create temp table "seen" as select * from main."meta" where "key" = 'clockSeen'`
  database.exec(seen)
  for (const table of rebuiltTables) {
    database.exec(`delete from main."${table}"`)
    database.exec(`insert into main."${table}" select * from "fresh"."${table}"`)
  }
  database.exec('insert or ignore into main."objects" select * from temp."recent"')
  database.exec('insert or replace into main."meta" select * from temp."seen"')
  database.exec('delete from main."events"')
}

async function replaceDatabase(path: string, fresh: string): Promise<void> {
  await setAside(path)
  await rm(`${path}-wal`, { force: true })
  await rm(`${path}-shm`, { force: true })
  await rename(fresh, path)
}

/** A catalog that could not be read is kept for whoever wants to know why. */
async function setAside(path: string): Promise<void> {
  try {
    await rename(path, `${path}.damaged`)
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error
  }
}

async function removeDatabase(path: string): Promise<void> {
  for (const name of [path, `${path}-wal`, `${path}-shm`]) await rm(name, { force: true })
}
