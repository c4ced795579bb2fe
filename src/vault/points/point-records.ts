/** The vault's own records of a point: made once when it is committed, read back newest first. */

import { BackupError, errorCodeOf } from '../../base/errors.ts'
import type { RecordHash } from '../../model/ids.ts'
import {
  decodePointRecord,
  encodePointRecordBody,
  maxPointRecordBytes,
  pointRecordLabel,
  type PointRecord,
} from '../../model/point-record.ts'
import { retentionOf } from '../../policy/retention.ts'
import { lastTagged } from '../catalog/points.ts'
import { commitTime } from '../clock/vault-time.ts'
import { parseNumberName, pointFolder, pointRecordKey } from '../objects/keys.ts'
import { readWhole } from '../objects/object-store.ts'
import { openSigned, sealSigned } from '../records/signed-record.ts'
import { policyInForce } from '../retention/rules.ts'
import { sourceOf, type PointContext, type SourcePlace } from './context.ts'

export interface StoredRecord {
  readonly record: PointRecord
  readonly bytes: Uint8Array
}

export interface PointName {
  readonly place: SourcePlace
  readonly seq: number
  /** Of its commit record. */
  readonly hash: RecordHash
}

/**
 * The newest record of a committed point. If there is none yet (the vault died between commit and record), it is made now:
 * with a later time, so that the point is kept longer, never shorter.
 */
export async function ensureRecord(context: PointContext, point: PointName): Promise<StoredRecord> {
  return (await readNewest(context, point)) ?? (await createFirst(context, point))
}

async function readNewest(
  context: PointContext,
  point: PointName,
): Promise<StoredRecord | undefined> {
  const folder = pointFolder(point.place.space, point.place.source, point.seq)
  let newest: string | undefined
  for await (const { key } of context.store.list(folder)) {
    if (key.startsWith(recordPrefix, folder.length) && numberOf(key) !== undefined) newest = key
  }
  return newest === undefined ? undefined : await readRecord(context, newest, point.hash)
}

const recordPrefix = 'record-'
const numberOf = (key: string) =>
  parseNumberName(key.slice(key.lastIndexOf(recordPrefix) + recordPrefix.length))

/** @throws BackupError `damaged` for a record that this vault did not sign, or not for this point */
async function readRecord(
  context: PointContext,
  key: string,
  hash: RecordHash,
): Promise<StoredRecord> {
  const bytes = await readWhole(context.store, key, maxPointRecordBytes)
  await openSigned(bytes, { label: pointRecordLabel, signer: context.signer, what: key })
  const { record } = decodePointRecord(bytes)
  if (record.commit === hash) return { record, bytes }
  throw new BackupError('damaged', `${key} is the record of another point.`, { facts: { key } })
}

async function createFirst(context: PointContext, point: PointName): Promise<StoredRecord> {
  const folder = pointFolder(point.place.space, point.place.source, point.seq)
  const key = pointRecordKey(folder, 0)
  const record = await newRecord(context, point)
  const body = encodePointRecordBody(record)
  const bytes = await sealSigned(body, { label: pointRecordLabel, signer: context.signer })
  try {
    await context.store.create(key, bytes)
    return { record, bytes }
  } catch (error) {
    if (errorCodeOf(error) !== 'already-exists') throw error
    return await readRecord(context, key, point.hash)
  }
}

async function newRecord(context: PointContext, point: PointName): Promise<PointRecord> {
  const timeMs = await commitTime(context)
  const before = { seq: point.seq, timeMs }
  const last = await lastTagged(context.catalog, sourceOf(point.place), before)
  const { current } = await policyInForce(context.catalog, sourceOf(point.place), timeMs)
  const { tags, retainUntil, lockUntil } = retentionOf(current, timeMs, last)
  return {
    commit: point.hash,
    number: 0,
    timeMs,
    tags,
    retainUntilMs: retainUntil,
    lockUntilMs: lockUntil,
  }
}
