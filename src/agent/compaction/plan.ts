/** Whether a run carries something forward, and out of which packs. */

import { dayMs } from '../../base/clock.ts'
import { messageOf } from '../../base/errors.ts'
import { listPoints, type PointFacts } from '../../repository/point-reader.ts'
import {
  chooseSparsePacks,
  compactionPeriodMs,
  type CompactionPlan,
} from '../../policy/compaction.ts'
import type { BackupRun } from '../backup/backup-run.ts'
import type { BasePoint } from '../backup/base-point.ts'
import { isUnusable } from '../backup/previous-tree.ts'
import { findPackUses } from './pack-uses.ts'

/**
 * Undefined where it is not due, or can not be told now. Only what the newest point needs is ever carried: packs that
 * earlier points name stay until these have gone.
 */
export async function planCompaction(
  run: BackupRun,
  { previous }: BasePoint,
): Promise<CompactionPlan | undefined> {
  const { lastMs } = run.compaction
  if (previous === undefined || run.dryRun || run.startedMs - lastMs < compactionPeriodMs) {
    return undefined
  }
  try {
    const { authorities } = run
    const points = await listPoints(run.repository.connection, { authorities })
    const uses = await findPackUses(run, previous, newestOfOthers(run, points))
    return chooseSparsePacks({
      packs: uses.packs,
      points: points
        .filter(({ source }) => source === run.source)
        .map(({ vaultTimeMs, retainUntilMs }) => ({ committedMs: vaultTimeMs, retainUntilMs })),
      nowMs: run.startedMs,
      sentBytes: uses.sentSince(Math.floor(lastMs / dayMs)),
    })
  } catch (error) {
    if (!isUnusable(error)) throw error
    run.warn(`What packs hold can not be told, none is emptied in this run: ${messageOf(error)}`)
    return undefined
  }
}

function newestOfOthers({ source, repository }: BackupRun, points: readonly PointFacts[]) {
  const newest = new Map(points.map((point) => [point.source, point]))
  newest.delete(source)
  return [...newest.values()].filter(({ commit }) => commit.repository === repository.number)
}
