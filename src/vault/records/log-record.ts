/** A record of the vault's own log in bytes (docs/format.md 11.1). */

import { BackupError } from '../../base/errors.ts'
import { decodeCbor, encodeCbor, fieldsOf, type CborValue } from '../../model/cbor.ts'
import { entryShapes, isEntryKind, type LogEntry } from './entries.ts'
import { decodePayload, encodePayload } from './fields.ts'

export interface LogRecord {
  /** From 0, without gaps. */
  readonly number: number
  /** The vault's time, ms. */
  readonly atMs: number
  readonly entry: LogEntry
}

export interface LinkedRecord extends LogRecord {
  /** The 32 bytes that the record before ends in; zeros for the first. */
  readonly previous: Uint8Array
}

export const maxLogRecordBytes = 16_384
export const noPrevious: Uint8Array = new Uint8Array(32)

export function encodeLogRecord(record: LinkedRecord): Uint8Array<ArrayBuffer> {
  const { kind, ...values } = record.entry
  return encodeCbor(
    new Map<number, CborValue>([
      [0, 1],
      [1, record.number],
      [2, record.atMs],
      [3, kind],
      [4, encodePayload(entryShapes[kind], values)],
      [5, record.previous],
    ]),
  )
}

/**
 * @throws BackupError `malformed`, `unsupported-format` for a kind or version that this program does not know:
 * what it means for a certificate or a machine must not be guessed
 */
export function decodeLogRecord(body: Uint8Array): LinkedRecord {
  const fields = fieldsOf(decodeCbor(body), 'a record of the log')
  const version = fields.uint(0)
  if (version !== 1) throw unsupported(`version ${version}`)
  const record = {
    number: fields.uint(1),
    atMs: fields.uint(2),
    entry: decodeEntry(fields.text(3), fields.map(4)),
    previous: fields.bytes(5, 32),
  }
  fields.finish()
  return record
}

function decodeEntry(kind: string, payload: Parameters<typeof decodePayload>[1]): LogEntry {
  if (!isEntryKind(kind)) throw unsupported(`the kind ${JSON.stringify(kind)}`)
  return { kind, ...decodePayload(entryShapes[kind], payload, kind) } as LogEntry
}

const unsupported = (what: string): BackupError =>
  new BackupError('unsupported-format', `The vault's log holds a record of ${what}.`, {
    hint: 'A newer backup-vault wrote it; use that one.',
  })
