/**
 * SQLite under Kysely: `node:sqlite` where this Node has it, a package with the same API otherwise.
 * Rows that were acknowledged survive a power cut (WAL, synchronous FULL), several processes share the file.
 */

import { SqliteDialect, type SqliteDatabase, type SqliteStatement } from 'kysely'
import { BackupError } from '../../base/errors.ts'

interface Statement {
  all(...parameters: unknown[]): unknown[]
  run(...parameters: unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint }
  iterate(...parameters: unknown[]): IterableIterator<unknown>
  columns(): readonly unknown[]
}

export interface Database {
  exec(sql: string): void
  prepare(sql: string): Statement
  close(): void
}

interface SqliteModule {
  readonly DatabaseSync: new (path: string) => Database
}

const maxCachedStatements = 200
const sqliteFull = 13

/** Opens or creates a database file. */
export async function openSqlite(path: string): Promise<Database> {
  const { DatabaseSync } = await loadSqlite()
  const database = new DatabaseSync(path)
  database.exec('pragma busy_timeout = 10000')
  database.exec('pragma journal_mode = wal')
  database.exec('pragma synchronous = full')
  return database
}

/**
 * Leaves one file where nobody else has it open. Not every driver ends its statements when it closes, and then SQLite
 * would leave its log beside the file, where it would be taken for part of any other file put in its place.
 */
export function closeSqlite(database: Database): void {
  try {
    database.exec('pragma busy_timeout = 0')
    database.exec('pragma wal_checkpoint(truncate)')
    database.exec('pragma journal_mode = delete')
  } catch {
    // Others have it open: the last of them does it.
  }
  database.close()
}

/** All or nothing; waits for other writers at its start. */
export function inTransaction(database: Database, work: () => void): void {
  database.exec('begin immediate')
  try {
    work()
    database.exec('commit')
  } catch (error) {
    database.exec('rollback')
    throw error
  }
}

async function loadSqlite(): Promise<SqliteModule> {
  const builtin = process.getBuiltinModule('node:sqlite') as SqliteModule | undefined
  return builtin ?? (await import('@photostructure/sqlite'))
}

export const sqliteDialect = (database: Database): SqliteDialect =>
  new SqliteDialect({ database: asKyselyDatabase(database) })

function asKyselyDatabase(database: Database): SqliteDatabase {
  const cache = new Map<string, SqliteStatement>()
  return {
    close: () => closeSqlite(database),
    prepare: (sql) => {
      const cached = cache.get(sql)
      if (cached !== undefined) return cached
      const statement = asKyselyStatement(database.prepare(immediate(sql)))
      if (cache.size < maxCachedStatements) cache.set(sql, statement)
      return statement
    },
  }
}

/** A transaction that reads before it writes must wait for other writers at its start: later it could not. */
const immediate = (sql: string): string => (sql === 'begin' ? 'begin immediate' : sql)

const asKyselyStatement = (statement: Statement): SqliteStatement => ({
  reader: statement.columns().length > 0,
  all: (parameters) => translated(() => statement.all(...parameters)),
  run: (parameters) => translated(() => statement.run(...parameters)),
  iterate: (parameters) => statement.iterate(...parameters),
})

function translated<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof Error && 'errcode' in error && error.errcode === sqliteFull)) throw error
    throw new BackupError('vault-full', 'The vault has no room for its catalog.', { cause: error })
  }
}
