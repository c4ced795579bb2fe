/** Whether a run goes by the journal of who watches its source, or looks everywhere, and why. */

import { hourMs } from '../../base/clock.ts'
import { dependsOnTime } from '../../policy/selection.ts'
import type { BackupRun } from './backup-run.ts'
import type { BasePoint } from './base-point.ts'
import { changesOf, type Changes } from './changed-directories.ts'
import type { Scan, ScanReason, WatchAnswer, Watermark } from './watched.ts'

export interface Plan {
  readonly scan: Scan
  /** Where to look; undefined: everywhere. */
  readonly changes: Changes | undefined
  /** When the last run that looks everywhere began, once this one is done. */
  readonly fullMs: number
}

/** Full scans are at most a day apart, also where runs do not begin to the minute. */
const mostScanAgeMs = 20 * hourMs

/** What a plan depends on, of the run and of the point that it builds on. */
export interface PlannedRun extends Pick<BackupRun, 'selectionSettings' | 'startedMs'> {
  readonly cache: Pick<BackupRun['cache'], 'isWhole'>
}
export interface PlannedBase {
  readonly head: Pick<BasePoint['head'], 'hash'>
  readonly previous:
    | {
        readonly facts: Pick<Previous['facts'], 'id'>
        readonly trust: Pick<Previous['trust'], 'reuse'>
        readonly manifest: Pick<Previous['manifest'], 'leftOutCount'>
      }
    | undefined
}
type Previous = NonNullable<BasePoint['previous']>

export function planRun(run: PlannedRun, base: PlannedBase, answer: WatchAnswer): Plan {
  const full = (reason: ScanReason): Plan => ({
    scan: { kind: 'full', reason },
    changes: undefined,
    fullMs: run.startedMs,
  })
  if (answer.kind === 'scan') return full(answer.reason)
  const reason = whyScan(run, base, answer.base)
  if (reason !== undefined) return full(reason)
  return {
    scan: { kind: 'journal', directories: answer.dirty.length },
    changes: changesOf(answer.dirty),
    fullMs: answer.base.fullMs,
  }
}

function whyScan(
  run: PlannedRun,
  { head, previous }: PlannedBase,
  mark: Watermark,
): ScanReason | undefined {
  if (previous?.facts.id !== mark.point || head.hash !== mark.point) return 'other-base'
  if (previous.trust.reuse !== 'entries') return 'capture'
  if (!run.cache.isWhole(mark.point)) return 'cache'
  if (previous.manifest.leftOutCount > 0) return 'left-out'
  const settings = run.selectionSettings
  if (dependsOnTime(settings) || settings.skipNodump) return 'selection'
  if (mark.hasLinks) return 'hard-links'
  const ageMs = run.startedMs - mark.fullMs
  return ageMs < 0 || ageMs >= mostScanAgeMs ? 'daily' : undefined
}
