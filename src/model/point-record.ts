/** What the vault says of a point: its time, tags, and how long it is kept (docs/format.md 10.1). */

import { concatBytes } from '../base/bytes.ts'
import { BackupError } from '../base/errors.ts'
import { asUint, decodeCbor, encodeCbor, fieldsOf, type CborValue } from './cbor.ts'
import { idBytes, recordHashOf, type RecordHash } from './ids.ts'
import { withoutSum, withSum } from './record-sum.ts'

export const retentionTags = ['daily', 'weekly', 'monthly', 'yearly'] as const
export type RetentionTag = (typeof retentionTags)[number]

export interface PointRecord {
  readonly commit: RecordHash
  /** From 0; the newest counts. */
  readonly number: number
  /** The vault's time of the commit. */
  readonly timeMs: number
  /** In the order of `retentionTags`. */
  readonly tags: readonly RetentionTag[]
  readonly retainUntilMs: number
  readonly lockUntilMs: number
}

/** What the vault's signature covers, after this label. */
export const pointRecordLabel = 'backup/v1/point'
export const maxPointRecordBytes = 4096
const signatureBytes = 64

export const encodePointRecordBody = (record: PointRecord): Uint8Array<ArrayBuffer> =>
  encodeCbor(
    new Map<number, CborValue>([
      [0, 1],
      [1, idBytes(record.commit)],
      [2, record.number],
      [3, record.timeMs],
      [4, record.tags.map((tag) => retentionTags.indexOf(tag) + 1).sort()],
      [5, record.retainUntilMs],
      [6, record.lockUntilMs],
    ]),
  )

export const framePointRecord = (
  body: Uint8Array,
  signature: Uint8Array,
): Uint8Array<ArrayBuffer> => withSum(concatBytes(body, signature))

export interface SignedPointRecord {
  readonly record: PointRecord
  readonly body: Uint8Array
  /** 64 bytes, still to be checked. */
  readonly signature: Uint8Array
}

export function decodePointRecord(bytes: Uint8Array): SignedPointRecord {
  const signed = withoutSum(bytes, "The vault's record of a point", maxPointRecordBytes)
  if (signed.length <= signatureBytes) throw malformed('it is too short')
  const body = signed.subarray(0, signed.length - signatureBytes)
  const fields = fieldsOf(decodeCbor(body), 'a point record')
  if (fields.uint(0) !== 1) {
    throw new BackupError(
      'unsupported-format',
      "The vault's record of a point is of a version that this program does not know.",
      { hint: 'Install a newer version of this program.' },
    )
  }
  const record = {
    commit: recordHashOf(fields.bytes(1)),
    number: fields.uint(2),
    timeMs: fields.uint(3),
    tags: tagsFrom(fields.array(4)),
    retainUntilMs: fields.uint(5),
    lockUntilMs: fields.uint(6),
  }
  fields.finish()
  return { record, body, signature: signed.subarray(body.length) }
}

function tagsFrom(values: readonly CborValue[]): RetentionTag[] {
  let before = 0
  return values.map((value) => {
    const code = asUint(value, 'a tag')
    const tag = retentionTags[code - 1]
    if (tag === undefined || code <= before) throw malformed('its tags are unknown or not in order')
    before = code
    return tag
  })
}

const malformed = (why: string): BackupError =>
  new BackupError('malformed', `Not a vault's record of a point: ${why}.`)
