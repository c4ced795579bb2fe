/** Opening the catalog's file; an empty one is given its tables. Reading the log into it comes after. */

import { Kysely } from 'kysely'
import { BackupError } from '../../base/errors.ts'
import { systemRandom, toHex } from '../../base/bytes.ts'
import { openSqlite, sqliteDialect, type Database } from './sqlite.ts'
import { catalogVersion, tableStatements, type Catalog, type Tables } from './tables.ts'

/** @throws BackupError `catalog-behind` for a file of another version, or one that is no database */
export async function openCatalog(path: string): Promise<Catalog> {
  const database = await openOrRefuse(path)
  try {
    prepareTables(database)
  } catch (error) {
    database.close()
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

function prepareTables(database: Database): void {
  database.exec('begin immediate')
  try {
    const version = versionOf(database)
    if (version === 0) createTables(database)
    else if (version !== catalogVersion) throw refused(`it is of version ${version}`)
    database.exec('commit')
  } catch (error) {
    database.exec('rollback')
    throw error
  }
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
