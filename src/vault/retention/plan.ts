/** What retention will do, when, why, and what comes back: the same verdicts that expiry acts on. */

import { dayMs } from '../../base/clock.ts'
import type { VaultId } from '../../model/ids.ts'
import type { KeepReason, Verdict } from '../../policy/retention-verdict.ts'
import { readClock, type ClockJump } from '../catalog/clock.ts'
import { listMachines, type Machine } from '../catalog/machines.ts'
import { sourcesOf, type KnownPoint } from '../catalog/points.ts'
import { laterTime, type TimeContext } from '../clock/vault-time.ts'
import { freedBytes, type FreedContext } from './freed-bytes.ts'
import { judgeSource, softDeleteMs, type JudgedPoint, type JudgedSource } from './judge-source.ts'

export type PlanContext = TimeContext & FreedContext

export interface PlanQuery {
  readonly vaultId?: VaultId | undefined
  readonly machine?: Machine | undefined
  /** Points that are deleted within so many days are in the plan; null: all points, also those that stay. */
  readonly days: number | null
}

export interface PlannedPoint {
  readonly machine: Machine
  readonly point: KnownPoint
  readonly reasons: readonly KeepReason[]
  /** When it is deleted softly, or was; null: it stays as things are. */
  readonly deletedAt: number | null
  /** When nothing is kept for it any more; null also while it is on hold. */
  readonly removedAt: number | null
  /** When the space of what only it needed comes back: after the trash, within a day. */
  readonly freedAt: number | null
  /** What only it, and points that go before it, refer to. */
  readonly freedBytes: number
}

export interface RetentionPlan {
  /** While it is there, nothing happens. */
  readonly jump: ClockJump | undefined
  /** Those that go first are first. */
  readonly points: readonly PlannedPoint[]
}

export async function planRetention(
  context: PlanContext,
  query: PlanQuery,
): Promise<RetentionPlan> {
  const nowMs = await laterTime(context)
  const machines = await machinesOf(context, query)
  const points: PlannedPoint[] = []
  for (const machine of machines) points.push(...(await planMachine(context, machine, nowMs)))
  const untilMs = query.days === null ? Infinity : nowMs + query.days * dayMs
  const shown = points.filter(
    ({ deletedAt }) => query.days === null || (deletedAt !== null && deletedAt <= untilMs),
  )
  return { jump: (await readClock(context.catalog)).jump, points: shown.sort(byEnd) }
}

async function machinesOf(
  { catalog }: PlanContext,
  { vaultId, machine }: PlanQuery,
): Promise<readonly Machine[]> {
  return machine === undefined ? await listMachines(catalog, vaultId) : [machine]
}

async function planMachine(
  context: PlanContext,
  machine: Machine,
  nowMs: number,
): Promise<PlannedPoint[]> {
  const { catalog } = context
  const softMs = await softDeleteMs(catalog, machine.vaultId)
  const planned: Omit<PlannedPoint, 'freedAt' | 'freedBytes'>[] = []
  for (const source of await sourcesOf(catalog, machine.id)) {
    const judged = await judgeSource(catalog, { machine, source, nowMs })
    const { deleted } = judged
    const verdicts = judged.verdicts.map((verdict, at) => soonest(verdict, judged, at))
    planned.push(
      ...deleted.map((point) => ({ machine, ...alreadyDeleted(point) })),
      ...verdicts.map((verdict) => ({ machine, ...stillKept(verdict, { nowMs, softMs }) })),
    )
  }
  planned.sort(byEnd).reverse()
  const space = { vaultId: machine.vaultId, machineId: machine.id }
  const freed = await freedBytes(
    context,
    space,
    planned.map(({ point }) => point),
  )
  return planned.map((point, at) => ({
    ...point,
    freedAt: point.removedAt === null ? null : point.removedAt + softMs,
    freedBytes: point.removedAt === null ? 0 : (freed[at] ?? 0),
  }))
}

const alreadyDeleted = ({ known, isHeld }: JudgedPoint) => ({
  point: known,
  reasons: isHeld ? [{ kind: 'held' as const, until: null }] : [],
  deletedAt: known.stateChangedAt,
  removedAt: isHeld ? null : known.deletedUntil,
})

/** Where a shorter policy waits: as that will say, but not before it is in force. */
function soonest(
  verdict: Verdict<JudgedPoint>,
  { shortened }: JudgedSource,
  at: number,
): Verdict<JudgedPoint> {
  const later = shortened?.verdicts[at]
  if (shortened === undefined || later === undefined || later.until === null) return verdict
  const until = Math.max(later.until, shortened.from)
  return until < (verdict.until ?? Infinity) ? { ...later, until } : verdict
}

interface Times {
  readonly nowMs: number
  readonly softMs: number
}

function stillKept({ point, until, reasons }: Verdict<JudgedPoint>, { nowMs, softMs }: Times) {
  const deletedAt = until === null ? null : Math.max(until, nowMs)
  const removedAt = deletedAt === null ? null : deletedAt + softMs
  return { point: point.known, reasons, deletedAt, removedAt }
}

type Ending = Pick<PlannedPoint, 'removedAt' | 'point'>

/** What stays is last; of those that go together the oldest goes first. */
const byEnd = (a: Ending, b: Ending): number => {
  const [first, second] = [a.removedAt ?? Infinity, b.removedAt ?? Infinity]
  return first === second ? a.point.committedAt - b.point.committedAt : first - second
}
