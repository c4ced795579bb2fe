/** The verdicts on a source's points, by what the catalog knows. */

import { dayMs } from '../../base/clock.ts'
import type { SourceName, VaultId } from '../../model/ids.ts'
import { retentionTags, type RetentionTag } from '../../model/point-record.ts'
import { defaultRetention } from '../../policy/retention.ts'
import { judgePoints, type KeptPoint, type Verdict } from '../../policy/retention-verdict.ts'
import { usualSoftDeleteDays } from '../../policy/soft-delete.ts'
import { isHeld, listHolds, type Hold } from '../catalog/holds.ts'
import type { Machine } from '../catalog/machines.ts'
import { standingPoints, type KnownPoint } from '../catalog/points.ts'
import type { Catalog } from '../catalog/tables.ts'
import { findVault } from '../catalog/vaults.ts'

/** A point as retention looks at it, and as the catalog knows it. */
export interface JudgedPoint extends KeptPoint {
  readonly known: KnownPoint
}

export interface JudgedSource {
  readonly machine: Machine
  readonly source: SourceName
  readonly verdicts: readonly Verdict<JudgedPoint>[]
  /** Ascending. On hold they stay so until the hold is cleared. */
  readonly deleted: readonly JudgedPoint[]
}

export interface SourceToJudge {
  readonly machine: Machine
  readonly source: SourceName
  readonly nowMs: number
}

export async function judgeSource(catalog: Catalog, of: SourceToJudge): Promise<JudgedSource> {
  const { machine, source, nowMs } = of
  const holds = await listHolds(catalog, machine.id)
  const standing = await standingPoints(catalog, { machineId: machine.id, source })
  const points = standing.map((point) => judgedPoint(point, holds))
  const kept = points.filter(({ known }) => known.state === 'kept')
  const facts = { nowMs, isRegistered: machine.state === 'active' }
  return {
    machine,
    source,
    verdicts: judgePoints(kept, rules, facts),
    deleted: points.filter(({ known }) => known.state === 'deleted'),
  }
}

const rules = { policies: [defaultRetention], promisesSince: 0 }

const judgedPoint = (known: KnownPoint, holds: readonly Hold[]): JudgedPoint => ({
  seq: known.seq,
  committedAt: known.committedAt,
  tags: tagsOf(known),
  retainUntil: known.retainUntil,
  lockUntil: known.lockUntil,
  undeletedUntil: known.undeletedUntil,
  isHeld: isHeld(holds, known),
  known,
})

export function tagsOf({ tags }: KnownPoint): RetentionTag[] {
  const names: readonly string[] = tags.split(',')
  return retentionTags.filter((tag) => names.includes(tag))
}

/** For how long what is deleted now can be taken back. */
export async function softDeleteMs(catalog: Catalog, vaultId: VaultId): Promise<number> {
  const vault = await findVault(catalog, vaultId)
  return (vault?.softDeleteDays ?? usualSoftDeleteDays) * dayMs
}
