/** Opening the catalog's file; an empty one is given its tables. Reading the log into it comes after. */

import { Kysely } from 'kysely'
import { BackupError } from '../../base/errors.ts'
import { systemRandom, toHex } from '../../base/bytes.ts'
import { closeSqlite, inTransaction, openSqlite, sqliteDialect, type Database } from './sqlite.ts'
import { catalogVersion, tableStatements, type Catalog, type Tables } from './tables.ts'

/** @throws BackupError `catalog-behind` for a file of another version, or one that is no sound database */
export async function openCatalog(path: string): Promise<Catalog> {
  const database = await openOrRefuse(path)
  try {
    checkSoundness(database)
    prepareTables(database)
  } catch (error) {
    closeSqlite(database)
    throw error
  }
  return new Kysely<Tables>({ dialect: sqliteDialect(database) })
}

async function openOrRefuse(path: string): Promise<Database> {
  try {
    return await openSqlite(path)
  } catch (error) {
    throw refused('it can not be opened', error)
  }
}

/** A file that was exchanged beside a log that is not its own shows itself here. */
function checkSoundness(database: Database): void {
  let found: unknown
  try {
    const [row] = database.prepare('pragma quick_check(1)').all() as { quick_check: string }[]
    found = row?.quick_check
  } catch (error) {
    throw refused('it is damaged', error)
  }
  if (found !== 'ok') throw refused(`it is damaged (${String(found)})`)
}

/** Of several processes that open a new file at once, one makes the tables. */
function prepareTables(database: Database): void {
  if (versionOf(database) === 0) {
    inTransaction(database, () => {
      if (versionOf(database) === 0) createTables(database)
    })
  }
  const version = versionOf(database)
  if (version !== catalogVersion) throw refused(`it is of version ${version}`)
}

function versionOf(database: Database): number {
  const [row] = database.prepare('pragma user_version').all() as { user_version: number }[]
  return row?.user_version ?? 0
}

/** A new catalog is a new feed of events: agents that followed another one take the full list. */
function createTables(database: Database): void {
  for (const statement of tableStatements) database.exec(statement)
  const insert = database.prepare('insert into "meta" values (?, ?)')
  insert.run('feed', toHex(systemRandom(16)))
  insert.run('lastRecord', '-1')
  database.exec(`pragma user_version = ${catalogVersion}`)
}

const refused = (why: string, cause?: unknown): BackupError =>
  new BackupError('catalog-behind', `The catalog can not be used: ${why}.`, {
    hint: 'Run backup-vault rebuild-catalog: the objects hold all that it needs.',
    cause,
  })
