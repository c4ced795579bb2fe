/**
 * The heads of sources, asked of the store: the catalog only says where to look first, so an older copy of it, or none,
 * gives the same answers. What the catalog did not know of is added to it.
 */

import { equalBytes } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import { decodeCommit, maxCommitBytes } from '../../model/commit.ts'
import { parseSourceName, type SourceName } from '../../model/ids.ts'
import { lastPoint, savePoint, type PointRow } from '../catalog/points.ts'
import {
  commitKey,
  parseNumberName,
  pointFolder,
  pointsFolder,
  sourcesFolder,
  type Namespace,
} from '../objects/keys.ts'
import { readWhole } from '../objects/object-store.ts'
import { sourceOf, type PointContext, type SourcePlace } from './context.ts'
import { ensureRecord } from './point-records.ts'

/** The newest point of a source; undefined before the first. All points up to it are in the catalog then. */
export async function findHead(
  context: PointContext,
  place: SourcePlace,
): Promise<PointRow | undefined> {
  const known = await lastPoint(context.catalog, sourceOf(place))
  if (known === undefined) return await readAll(context, place)
  for (let head = known; ;) {
    const next = head.seq + 1
    if ((await context.store.stat(commitKeyOf(place, next))) === undefined) return head
    head = await takeIn(context, place, next)
  }
}

async function readAll(context: PointContext, place: SourcePlace): Promise<PointRow | undefined> {
  let head: PointRow | undefined
  for (const name of await context.store.folders(pointsFolder(place.space, place.source))) {
    const seq = parseNumberName(name)
    if (seq === undefined) continue
    if ((await context.store.stat(commitKeyOf(place, seq))) === undefined) continue
    head = await takeIn(context, place, seq)
  }
  return head
}

/** Reads a committed point from the store into the catalog, making the vault's record if it is missing. */
export async function takeIn(
  context: PointContext,
  place: SourcePlace,
  seq: number,
): Promise<PointRow> {
  const bytes = await readCommit(context, place, seq)
  const { commit, hash } = decodeCommit(bytes)
  if (commit.seq !== seq || commit.source !== place.source) {
    throw new BackupError('damaged', `${commitKeyOf(place, seq)} is the record of another point.`)
  }
  const stored = await ensureRecord(context, { place, seq, hash })
  const row: PointRow = {
    ...sourceOf(place),
    seq,
    hash,
    repository: commit.repository,
    committedAt: stored.record.timeMs,
    tags: stored.record.tags.join(','),
    retainUntil: stored.record.retainUntilMs,
    lockUntil: stored.record.lockUntilMs,
    recordNumber: stored.record.number,
    commit: bytes,
    record: stored.bytes,
  }
  await savePoint(context.catalog, row)
  return row
}

/** @throws BackupError `not-found`, `damaged` */
export const readCommit = (
  context: PointContext,
  place: SourcePlace,
  seq: number,
): Promise<Uint8Array<ArrayBuffer>> =>
  readWhole(context.store, commitKeyOf(place, seq), maxCommitBytes)

export const commitKeyOf = ({ space, source }: SourcePlace, seq: number): string =>
  commitKey(pointFolder(space, source, seq))

/** Whether these are the bytes of the stored commit record. */
export const isSameCommit = (row: PointRow, bytes: Uint8Array): boolean =>
  equalBytes(row.commit, bytes)

/** Sources of a machine that have points, with their heads, ascending. */
export async function listHeads(context: PointContext, space: Namespace): Promise<PointRow[]> {
  const heads: PointRow[] = []
  for (const source of await listSources(context, space)) {
    const head = await findHead(context, { space, source })
    if (head !== undefined) heads.push(head)
  }
  return heads
}

async function listSources(context: PointContext, space: Namespace): Promise<SourceName[]> {
  return (await context.store.folders(sourcesFolder(space))).map(parseSourceName)
}
