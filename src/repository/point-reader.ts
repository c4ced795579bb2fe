/** Recovery points as the vault keeps them: listed and checked, opened. */

import { createPublicKey, type KeyLike } from 'node:crypto'
import { BackupError } from '../base/errors.ts'
import { manifestContext, openObject } from '../crypto/sealed-object.ts'
import { verifyP256 } from '../crypto/primitives/signature.ts'
import { decodeCommit, type Commit } from '../model/commit.ts'
import { noRecord, type RecordHash, type SourceName } from '../model/ids.ts'
import { decodeManifest, type Manifest } from '../model/manifest.ts'
import { decodePointRecord, pointRecordLabel, type RetentionTag } from '../model/point-record.ts'
import type { PointState } from '../protocol/messages.ts'
import type { StoredPointBytes, VaultConnection } from './connection.ts'
import { loadIndexSet, type IndexSet } from './index-set.ts'
import type { Repository } from './repository.ts'

export interface PointFacts {
  readonly id: RecordHash
  readonly source: SourceName
  readonly seq: number
  readonly commit: Commit
  /** When the vault took the point, by its clock. */
  readonly vaultTimeMs: number
  readonly tags: readonly RetentionTag[]
  readonly retainUntilMs: number
  readonly lockUntilMs: number
  readonly state: PointState
  /** Of a deleted point: it can be taken back until then. */
  readonly deletedUntilMs: number | null
}

export interface ListPointsOptions {
  /** Public keys or certificates of the vault's authority, and of its successor: from the registration, not from the vault. */
  readonly authorities: readonly KeyLike[]
  readonly source?: SourceName | undefined
  /** Also points of which nothing is there but their records. */
  readonly withRemoved?: boolean
}

/**
 * All points of the machine that can be read, ascending by source and seq, each proven to be this machine's, and to follow
 * the one before where that is kept too.
 * @throws BackupError `damaged`, `malformed`; `vault-rolled-back` where the chain is broken
 */
export async function listPoints(
  connection: VaultConnection,
  options: ListPointsOptions,
): Promise<PointFacts[]> {
  const keys = options.authorities.map((key) =>
    typeof key === 'string' ? createPublicKey(key) : key,
  )
  const points: PointFacts[] = []
  for await (const stored of connection.points(options.source)) {
    const facts = readPoint(stored, connection)
    if (options.source !== undefined && facts.source !== options.source) throw foreign(stored)
    checkSignature(stored, facts, keys)
    checkFollows(points.at(-1), facts)
    points.push(facts)
  }
  return options.withRemoved === true ? points : points.filter(({ state }) => state !== 'removed')
}

function readPoint(stored: StoredPointBytes, { identity }: VaultConnection): PointFacts {
  const { commit, hash } = decodeCommit(stored.commit)
  const { record } = decodePointRecord(stored.record)
  const isItsPlace = commit.source === stored.source && commit.seq === stored.seq
  const isOwn = commit.vaultId === identity.vaultId && commit.machineId === identity.machineId
  if (!isItsPlace || !isOwn || record.commit !== hash) throw foreign(stored)
  return {
    id: hash,
    source: commit.source,
    seq: commit.seq,
    commit,
    vaultTimeMs: record.timeMs,
    tags: record.tags,
    retainUntilMs: record.retainUntilMs,
    lockUntilMs: record.lockUntilMs,
    state: stored.state ?? 'kept',
    deletedUntilMs: stored.deletedUntil ?? null,
  }
}

function checkSignature(
  stored: StoredPointBytes,
  { source, seq }: PointFacts,
  keys: readonly KeyLike[],
): void {
  const { body, signature } = decodePointRecord(stored.record)
  const signed = { label: pointRecordLabel, message: body }
  if (keys.some((key) => verifyP256(key, signed, signature))) return
  throw new BackupError(
    'damaged',
    `The vault's record of point ${seq} of ${source} is not signed by the vault.`,
  )
}

function checkFollows(before: PointFacts | undefined, point: PointFacts): void {
  const { source, seq, commit } = point
  const isFirst = before?.source !== source
  if (isFirst && before !== undefined && before.source > source) throw broken(point, 'out of order')
  if ((seq === 1) !== (commit.previous === noRecord)) throw broken(point, 'not where it says')
  if (isFirst) return
  if (seq <= before.seq) throw broken(point, 'out of order')
  // Retention takes points out of the middle: a gap says nothing, neighbours have to fit.
  const isNeighbour = seq === before.seq + 1
  if (isNeighbour && commit.previous !== before.id)
    throw broken(point, 'not a successor of the one before it')
}

const broken = ({ source, seq }: PointFacts, how: string): BackupError =>
  new BackupError(
    'vault-rolled-back',
    `Point ${seq} of ${source} is ${how}: the vault does not tell all it had.`,
    {
      hint: 'Ask the operator of the vault whether it was set back to an earlier state.',
    },
  )

const foreign = ({ source, seq }: StoredPointBytes): BackupError =>
  new BackupError('damaged', `What the vault gives as point ${seq} of ${source} is another one.`)

export interface OpenedPoint {
  readonly facts: PointFacts
  readonly manifest: Manifest
  /** Places of every chunk of the point. */
  readonly index: IndexSet
}

/** @throws BackupError `missing-data`, `damaged`, `malformed`; `vault-mismatch` for a point of another repository */
export async function openPoint(repository: Repository, facts: PointFacts): Promise<OpenedPoint> {
  const manifest = await readManifest(repository, facts)
  const index = await loadIndexSet(
    repository,
    manifest.indexes.map((reference) => reference.id),
  )
  if (index.places(manifest.root.tree.id).length > 0) return { facts, manifest, index }
  throw new BackupError(
    'missing-data',
    `No index of point ${facts.id} knows where its root lies.`,
    {
      facts: { id: facts.id },
    },
  )
}

/** The manifest alone. */
export async function readManifest(repository: Repository, facts: PointFacts): Promise<Manifest> {
  const { commit } = facts
  if (commit.repository !== repository.number) {
    throw new BackupError(
      'vault-mismatch',
      `Point ${facts.id} lies in repository ${commit.repository}.`,
    )
  }
  const bytes = await repository.connection.object(repository.number, commit.manifest)
  return openManifest(bytes, repository, facts)
}

/** As it is stored. @throws BackupError `damaged`, `malformed`, `epoch-closed` */
export function openManifest(
  bytes: Uint8Array,
  { keys }: Repository,
  { commit, source }: PointFacts,
): Manifest {
  const context = manifestContext({ ...commit, source })
  return decodeManifest(openObject(bytes, { type: 'manifest', context }, keys))
}
