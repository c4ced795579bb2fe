/** Commit records: each makes one recovery point exist (docs/format.md 10). */

import { toHex } from '../base/bytes.ts'
import { BackupError } from '../base/errors.ts'
import { decodeCbor, encodeCbor, fieldsOf, type CborValue } from './cbor.ts'
import {
  idBytes,
  machineIdOf,
  objectIdOf,
  parseRecordHash,
  parseSourceName,
  recordHashOf,
  vaultIdOf,
  type MachineId,
  type ObjectId,
  type RecordHash,
  type SourceName,
  type VaultId,
} from './ids.ts'
import { sumBytes, withoutSum, withSum } from './record-sum.ts'

export interface Commit {
  readonly vaultId: VaultId
  readonly machineId: MachineId
  readonly repository: number
  readonly source: SourceName
  /** From 1. */
  readonly seq: number
  /** `noRecord` for seq 1. */
  readonly previous: RecordHash
  readonly manifest: ObjectId
  readonly refsRoot: ObjectId
  /** Number of ids in the refs, and the stored bytes of these objects. */
  readonly objectCount: number
  readonly objectBytes: number
  /** By the agent's clock. */
  readonly timeMs: number
}

export const maxCommitBytes = 4096

export function encodeCommit(commit: Commit): {
  readonly bytes: Uint8Array
  readonly hash: RecordHash
} {
  const bytes = withSum(
    encodeCbor(
      new Map<number, CborValue>([
        [0, 1],
        [1, idBytes(commit.vaultId)],
        [2, idBytes(commit.machineId)],
        [3, commit.repository],
        [4, commit.source],
        [5, commit.seq],
        [6, idBytes(commit.previous)],
        [7, idBytes(commit.manifest)],
        [8, idBytes(commit.refsRoot)],
        [9, commit.objectCount],
        [10, commit.objectBytes],
        [11, commit.timeMs],
      ]),
    ),
  )
  return { bytes, hash: hashOf(bytes) }
}

/** A record's hash is its sum. */
const hashOf = (bytes: Uint8Array): RecordHash =>
  parseRecordHash(toHex(bytes.subarray(bytes.length - sumBytes)))

export function decodeCommit(bytes: Uint8Array): {
  readonly commit: Commit
  readonly hash: RecordHash
} {
  const fields = fieldsOf(
    decodeCbor(withoutSum(bytes, 'The commit record', maxCommitBytes)),
    'a commit',
  )
  if (fields.uint(0) !== 1) {
    throw new BackupError(
      'unsupported-format',
      'The commit record is of a version that this program does not know.',
      {
        hint: 'Install a newer version of this program.',
      },
    )
  }
  const commit = {
    vaultId: vaultIdOf(fields.bytes(1)),
    machineId: machineIdOf(fields.bytes(2)),
    repository: fields.uint(3),
    source: parseSourceName(fields.text(4)),
    seq: fields.uint(5),
    previous: recordHashOf(fields.bytes(6)),
    manifest: objectIdOf(fields.bytes(7)),
    refsRoot: objectIdOf(fields.bytes(8)),
    objectCount: fields.uint(9),
    objectBytes: fields.uint(10),
    timeMs: fields.uint(11),
  }
  fields.finish()
  if (commit.seq < 1) throw new BackupError('malformed', 'A commit record has seq 0.')
  return { commit, hash: hashOf(bytes) }
}
