/**
 * The vault's own log: append-only signed records, numbered without gaps. A record is durable in the store before the
 * catalog knows of it; a number belongs to whoever creates it first, so several processes may write.
 */

import { equalBytes, fromHex, toHex } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import { BackupError, errorCodeOf, messageOf } from '../../base/errors.ts'
import { createQueue } from '../../base/flow.ts'
import { applyRecord } from '../catalog/apply-record.ts'
import { readLogHead, type LogHead } from '../catalog/meta.ts'
import type { Catalog } from '../catalog/tables.ts'
import { logRecordKey, parseNumberName, recordsFolder } from '../objects/keys.ts'
import { readIfThere, type ObjectStore } from '../objects/object-store.ts'
import type { LogEntry } from './entries.ts'
import {
  decodeLogRecord,
  encodeLogRecord,
  maxLogRecordBytes,
  noPrevious,
  type LogRecord,
} from './log-record.ts'
import { openSigned, sealSigned } from './signed-record.ts'
import { recordLabel, sumBytes, type VaultSigner } from './signer.ts'

export interface LogContext {
  readonly store: ObjectStore
  readonly catalog: Catalog
  readonly clock: Clock
  readonly signer: VaultSigner
}

export interface VaultLog {
  /**
   * For the start: the catalog must not know more than the log, and the log must go on without a gap.
   * @throws BackupError `catalog-behind`
   */
  verify(): Promise<void>
  /** Applies what other processes have written. To be called before a decision that rests on the log: it costs one look. */
  catchUp(): Promise<void>
  /**
   * Writes what `decide` returns, as the record after all that `decide` could see: if another process was quicker, its record
   * is applied and `decide` asked again. It may refuse by throwing, or return undefined to write nothing; it must not call the log.
   */
  append(decide: () => Decision | Promise<Decision>): Promise<LogRecord | undefined>
}

type Decision = LogEntry | undefined

export function createVaultLog(context: LogContext): VaultLog {
  const queue = createQueue()
  return {
    verify: () => queue.run(() => verify(context)),
    catchUp: () =>
      queue.run(async () => {
        await catchUp(context)
      }),
    append: (decide) => queue.run(() => append(context, decide)),
  }
}

async function verify(context: LogContext): Promise<void> {
  const head = await readLogHead(context.catalog)
  if (head.number >= 0) await verifyHead(context.store, head)
  let expected = head.number + 1
  const after = head.number < 0 ? '' : logRecordKey(head.number)
  for await (const { key } of context.store.list(recordsFolder, after)) {
    if (parseNumberName(key.slice(recordsFolder.length)) !== expected) {
      throw behind(`record ${expected} of the log is missing, although later ones are there`)
    }
    expected += 1
  }
}

async function verifyHead(store: ObjectStore, head: LogHead): Promise<void> {
  const bytes = await readIfThere(store, logRecordKey(head.number), maxLogRecordBytes)
  if (bytes === undefined)
    throw behind(`the catalog has read record ${head.number}, which the log does not hold`)
  if (toHex(bytes.subarray(-sumBytes)) !== head.sum) {
    throw behind(`the catalog has read another record ${head.number} than the log holds`)
  }
}

async function catchUp(context: LogContext): Promise<LogHead> {
  for (let head = await readLogHead(context.catalog); ;) {
    const next = await readNext(context, head)
    if (next === undefined) return head
    await applyRecord(context.catalog, next.record, next.sum)
    head = { number: next.record.number, sum: next.sum }
  }
}

interface ReadRecord {
  readonly record: LogRecord
  readonly sum: string
}

async function readNext(context: LogContext, head: LogHead): Promise<ReadRecord | undefined> {
  const number = head.number + 1
  const bytes = await readIfThere(context.store, logRecordKey(number), maxLogRecordBytes)
  if (bytes === undefined) return undefined
  try {
    return await checkRecord(context.signer, head, bytes)
  } catch (error) {
    if (errorCodeOf(error) === 'unsupported-format') throw error
    throw behind(`record ${number} of the log is not to be believed (${messageOf(error)})`, error)
  }
}

/** Signature, number and chain: no record can be left out, exchanged or moved. */
async function checkRecord(
  signer: VaultSigner,
  head: LogHead,
  bytes: Uint8Array,
): Promise<ReadRecord> {
  const number = head.number + 1
  const what = `Record ${number} of the log`
  const body = await openSigned(bytes, { label: recordLabel, signer, what })
  const record = decodeLogRecord(body)
  if (record.number !== number)
    throw new BackupError('damaged', `${what} says it is ${record.number}.`)
  if (!equalBytes(record.previous, previousOf(head))) {
    throw new BackupError('damaged', `${what} does not follow the one before it.`)
  }
  return { record, sum: toHex(bytes.subarray(-sumBytes)) }
}

const previousOf = (head: LogHead): Uint8Array =>
  head.number < 0 ? noPrevious : (fromHex(head.sum) ?? noPrevious)

async function append(
  context: LogContext,
  decide: () => Decision | Promise<Decision>,
): Promise<LogRecord | undefined> {
  for (;;) {
    const head = await catchUp(context)
    const entry = await decide()
    if (entry === undefined) return undefined
    const record: LogRecord = { number: head.number + 1, atMs: context.clock.now(), entry }
    const body = encodeLogRecord({ ...record, previous: previousOf(head) })
    const bytes = await sealSigned(body, { label: recordLabel, signer: context.signer })
    if (bytes.length > maxLogRecordBytes)
      throw new BackupError('too-large', 'A record of the log is too long.')
    if (!(await createRecord(context.store, record.number, bytes))) continue
    await applyRecord(context.catalog, record, toHex(bytes.subarray(-sumBytes)))
    return record
  }
}

async function createRecord(
  store: ObjectStore,
  number: number,
  bytes: Uint8Array,
): Promise<boolean> {
  try {
    await store.create(logRecordKey(number), bytes)
    return true
  } catch (error) {
    if (errorCodeOf(error) === 'already-exists') return false
    throw error
  }
}

const behind = (why: string, cause?: unknown): BackupError =>
  new BackupError('catalog-behind', `The vault can not start: ${why}.`, {
    hint: 'If the catalog was exchanged, run backup-vault rebuild-catalog; if objects were, bring them back.',
    cause,
  })
