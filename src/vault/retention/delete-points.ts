/** Points that a machine wants deleted before their time, or wants back. Both change nothing but what the log says of them. */

import { BackupError } from '../../base/errors.ts'
import type { RecordHash, SourceName } from '../../model/ids.ts'
import { promisedUntil } from '../../policy/retention-verdict.ts'
import { isHeld, listHolds } from '../catalog/holds.ts'
import { findMachine } from '../catalog/machines.ts'
import { findPointsById, type KnownPoint } from '../catalog/points.ts'
import { wantedPoints } from '../catalog/retentions.ts'
import type { Catalog } from '../catalog/tables.ts'
import { findVault } from '../catalog/vaults.ts'
import { earlierTime, laterTime } from '../clock/vault-time.ts'
import type { Namespace } from '../objects/keys.ts'
import type { RetentionContext } from './context.ts'
import { judgedPoint, softDeleteMs } from './judge-source.ts'
import { isImmutableVault, rulesFor } from './rules.ts'

export interface PointsRequest {
  readonly space: Namespace
  readonly ids: readonly RecordHash[]
}

/**
 * Deletes points softly; those that are so already stay as they are. `allow` is asked once, if there is anything to do.
 * @throws BackupError `unknown-point`; `retention-refused` for points that are locked, held or removed
 */
export async function deletePoints(
  context: RetentionContext,
  { space, ids }: PointsRequest,
  allow: () => Promise<void>,
): Promise<KnownPoint[]> {
  const points = await findAll(context, { space, ids })
  await checkDeletable(context, points)
  const wanted = points.filter(({ state }) => state === 'kept')
  if (wanted.length > 0) await allow()
  for (const [source, some] of bySource(wanted)) {
    const asked = { space, ids: some.map(({ hash }) => hash) }
    await context.log.append(async () => {
      const current = await findAll(context, asked)
      await checkDeletable(context, current)
      const kept = current.filter(({ state }) => state === 'kept')
      if (kept.length === 0) return undefined
      const { machineId, vaultId } = space
      const until = (await laterTime(context)) + (await softDeleteMs(context.catalog, vaultId))
      const seqs = kept.map(({ seq }) => seq)
      return { kind: 'points-deleted', machineId, source, seqs, cause: 'asked', until }
    })
  }
  return await findAll(context, { space, ids })
}

/**
 * Takes deleted points back. They do not expire for another while: whoever wanted them back may need time.
 * @throws BackupError `unknown-point`; `retention-refused` for points that are removed
 */
export async function undeletePoints(
  context: RetentionContext,
  { space, ids }: PointsRequest,
): Promise<KnownPoint[]> {
  for (const [source, some] of bySource(await findAll(context, { space, ids }))) {
    const asked = { space, ids: some.map(({ hash }) => hash) }
    await context.log.append(async () => {
      const current = await findAll(context, asked)
      checkStanding(current)
      const deleted = current.filter(({ state }) => state === 'deleted')
      if (deleted.length === 0) return undefined
      const { machineId, vaultId } = space
      const keepUntil = (await laterTime(context)) + (await softDeleteMs(context.catalog, vaultId))
      const seqs = deleted.map(({ seq }) => seq)
      return { kind: 'points-undeleted', machineId, source, seqs, keepUntil }
    })
  }
  return await findAll(context, { space, ids })
}

/** @throws BackupError `unknown-point` */
export async function findAll(
  { catalog }: RetentionContext,
  { space, ids }: PointsRequest,
): Promise<KnownPoint[]> {
  const points = await findPointsById(catalog, space.machineId, ids)
  const unknown = ids.find((id) => !points.some(({ hash }) => hash === id))
  if (unknown === undefined) return points
  throw new BackupError('unknown-point', `This machine has no recovery point ${unknown}.`)
}

async function checkDeletable(
  context: RetentionContext,
  points: readonly KnownPoint[],
): Promise<void> {
  checkStanding(points)
  const kept = points.filter(({ state }) => state === 'kept')
  // The earlier of two times: a clock that jumped ahead unlocks nothing.
  const nowMs = await earlierTime(context)
  for (const point of kept) {
    const until = await lockedUntil(context.catalog, point, nowMs)
    if (until <= nowMs) continue
    const time = new Date(until).toISOString()
    throw refused(point, `is locked until ${time}: until then nobody can delete it`)
  }
  const [first] = kept
  const holds = first === undefined ? [] : await listHolds(context.catalog, first.machineId)
  const held = kept.find((point) => isHeld(holds, point))
  if (held !== undefined) throw refused(held, 'is on hold: nobody can delete it until that ends')
}

/** In an immutable vault all that keeps it is a lock. */
async function lockedUntil(catalog: Catalog, point: KnownPoint, nowMs: number): Promise<number> {
  const machine = await findMachine(catalog, point.machineId)
  if (machine === undefined || !isImmutableVault(await findVault(catalog, machine.vaultId)))
    return point.lockUntil
  const { machineId, source } = point
  const wanted = await wantedPoints(catalog, { machineId, source })
  const rules = await rulesFor(catalog, { machine, source }, nowMs)
  return promisedUntil(judgedPoint(point, { holds: [], wanted }), rules)
}

function checkStanding(points: readonly KnownPoint[]): void {
  const removed = points.find(({ state }) => state === 'removed')
  if (removed !== undefined)
    throw refused(removed, 'was deleted, and can not be taken back any more')
}

const refused = ({ source, seq, hash }: KnownPoint, why: string): BackupError =>
  new BackupError('retention-refused', `Point ${seq} of ${source} (${hash.slice(0, 12)}) ${why}.`)

const bySource = (points: readonly KnownPoint[]): Map<SourceName, KnownPoint[]> => {
  const sources = new Map<SourceName, KnownPoint[]>()
  for (const point of points) {
    sources.set(point.source, [...(sources.get(point.source) ?? []), point])
  }
  return sources
}
