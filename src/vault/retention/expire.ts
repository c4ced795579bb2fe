/**
 * What retention does by itself: points that nothing keeps any more are deleted softly, and those that were deleted so long
 * ago that nobody can take them back are removed. Each step is a record of the log; done again, it does nothing.
 */

import type { MachineId } from '../../model/ids.ts'
import { isHeld, listHolds } from '../catalog/holds.ts'
import { listMachines } from '../catalog/machines.ts'
import { overduePoints } from '../catalog/point-states.ts'
import { sourcesOf, type SourceOf } from '../catalog/points.ts'
import { sightClock, type Sight } from '../clock/vault-time.ts'
import type { LogEntry } from '../records/entries.ts'
import { pointsPerRecord, type RetentionContext } from './context.ts'
import { judgeSource, softDeleteMs, type SourceToJudge } from './judge-source.ts'

export interface AppliedRetention {
  readonly sight: Sight
  /** Points that were deleted softly now. */
  readonly expired: number
  /** Points that can not be taken back from now on. */
  readonly removed: number
}

/** Nothing happens while the clock is not believed. */
export async function applyRetention(context: RetentionContext): Promise<AppliedRetention> {
  const sight = await sightClock(context)
  if (sight.kind === 'suspended') return { sight, expired: 0, removed: 0 }
  const removed = await removeOverdue(context, sight.nowMs)
  return { sight, expired: await expirePoints(context, sight.nowMs), removed }
}

async function expirePoints(context: RetentionContext, nowMs: number): Promise<number> {
  let count = 0
  for (const machine of await listMachines(context.catalog)) {
    for (const source of await sourcesOf(context.catalog, machine.id)) {
      const expire = () => expiryEntry(context, { machine, source, nowMs })
      if ((await expire()) === undefined) continue
      count += await appendAll(context, expire)
    }
  }
  return count
}

/** The points that have expired by now, judged anew: `decide` of the log has to see what was written meanwhile. */
async function expiryEntry(
  { catalog }: RetentionContext,
  of: SourceToJudge,
): Promise<PointsEntry | undefined> {
  const { machine, source, nowMs } = of
  const { verdicts } = await judgeSource(catalog, of)
  const expired = verdicts.filter(({ state }) => state === 'expired')
  const seqs = expired.slice(0, pointsPerRecord).map(({ point }) => point.seq)
  if (seqs.length === 0) return undefined
  const until = nowMs + (await softDeleteMs(catalog, machine.vaultId))
  return { kind: 'points-deleted', machineId: machine.id, source, seqs, cause: 'expired', until }
}

type PointsEntry = Extract<LogEntry, { readonly seqs: readonly number[] }>

/** Returns of how many points the records tell. */
async function appendAll(
  { log }: RetentionContext,
  decide: () => Promise<PointsEntry | undefined>,
): Promise<number> {
  for (let count = 0; ;) {
    let points = 0
    const written = await log.append(async () => {
      const entry = await decide()
      points = entry?.seqs.length ?? 0
      return entry
    })
    if (written === undefined) return count
    count += points
  }
}

async function removeOverdue(context: RetentionContext, nowMs: number): Promise<number> {
  let count = 0
  for (const of of await overdueSources(context, nowMs)) {
    count += await appendAll(context, () => removalEntry(context, of, nowMs))
  }
  return count
}

async function overdueSources(
  { catalog }: RetentionContext,
  nowMs: number,
): Promise<Iterable<SourceOf>> {
  const overdue = await overduePoints(catalog, nowMs)
  return new Map(overdue.map((of) => [`${of.machineId}/${of.source}`, of])).values()
}

async function removalEntry(
  { catalog }: RetentionContext,
  { machineId, source }: SourceOf,
  nowMs: number,
): Promise<PointsEntry | undefined> {
  const overdue = await overduePoints(catalog, nowMs)
  const free = await withoutHeld(
    catalog,
    machineId,
    overdue.filter((of) => of.machineId === machineId && of.source === source),
  )
  const seqs = free.slice(0, pointsPerRecord).map(({ seq }) => seq)
  return seqs.length === 0 ? undefined : { kind: 'points-removed', machineId, source, seqs }
}

async function withoutHeld<Point extends Parameters<typeof isHeld>[1]>(
  catalog: RetentionContext['catalog'],
  machineId: MachineId,
  points: readonly Point[],
): Promise<Point[]> {
  const holds = await listHolds(catalog, machineId)
  return points.filter((point) => !isHeld(holds, point))
}
