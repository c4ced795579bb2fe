/** The verdicts on a source's points, by what the catalog knows. */

import { dayMs } from '../../base/clock.ts'
import type { SourceName, VaultId } from '../../model/ids.ts'
import { retentionTags, type RetentionTag } from '../../model/point-record.ts'
import { judgePoints, type KeptPoint, type Verdict } from '../../policy/retention-verdict.ts'
import { usualSoftDeleteDays } from '../../policy/soft-delete.ts'
import { isHeld, listHolds, type Hold } from '../catalog/holds.ts'
import type { Machine } from '../catalog/machines.ts'
import { standingPoints, type KnownPoint } from '../catalog/points.ts'
import { wantedPoints } from '../catalog/retentions.ts'
import type { Catalog } from '../catalog/tables.ts'
import { findVault } from '../catalog/vaults.ts'
import { policyInForce, rulesFor } from './rules.ts'

/** A point as retention looks at it, and as the catalog knows it. */
export interface JudgedPoint extends KeptPoint {
  readonly known: KnownPoint
}

export interface JudgedSource {
  readonly machine: Machine
  readonly source: SourceName
  readonly verdicts: readonly Verdict<JudgedPoint>[]
  /** The verdicts of the time at which a shorter policy comes into force, if one waits. */
  readonly shortened:
    { readonly from: number; readonly verdicts: JudgedSource['verdicts'] } | undefined
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
  const wanted = await wantedPoints(catalog, { machineId: machine.id, source })
  const points = standing.map((point) => judgedPoint(point, { holds, wanted }))
  const kept = points.filter(({ known }) => known.state === 'kept')
  const facts = { nowMs, isRegistered: machine.state === 'active' && machine.isGivenUp === 0 }
  const rulesAt = (timeMs: number) => rulesFor(catalog, { machine, source }, timeMs)
  const { pending } = await policyInForce(catalog, { machineId: machine.id, source }, nowMs)
  return {
    machine,
    source,
    verdicts: judgePoints(kept, await rulesAt(nowMs), facts),
    shortened: pending && {
      from: pending.from,
      verdicts: judgePoints(kept, await rulesAt(pending.from), { ...facts, nowMs: pending.from }),
    },
    deleted: points.filter(({ known }) => known.state === 'deleted'),
  }
}

interface Claims {
  readonly holds: readonly Hold[]
  readonly wanted: ReadonlyMap<number, number>
}

export const judgedPoint = (known: KnownPoint, { holds, wanted }: Claims): JudgedPoint => ({
  seq: known.seq,
  committedAt: known.committedAt,
  tags: tagsOf(known),
  retainUntil: known.retainUntil,
  lockUntil: known.lockUntil,
  undeletedUntil: known.undeletedUntil,
  wantedUntil: wanted.get(known.seq) ?? null,
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
