/** Restores a recovery point, or a part of it, beneath a directory. */

import type { RandomBytes } from '../../base/bytes.ts'
import { carryOut } from './carry-out.ts'
import type { RestoreContext } from './context.ts'
import { removeLeftBehind } from './left-behind.ts'
import type { ReadablePoint, RestorePlan } from './plan.ts'
import { createReport, type RestoreObserver, type RestoreResult } from './report.ts'
import { ownPlace, temporaryNames } from './temporary-names.ts'
import { isOccupied, openTarget } from './target/open-target.ts'
import type { Writers } from './writing/messages.ts'

export interface RestoreOptions extends Pick<
  RestoreContext,
  'chunks' | 'system' | 'signal' | 'onConflict' | 'nameOf' | 'attributes' | 'readsBack'
> {
  /** Directory to restore beneath; made when it is not there. */
  readonly to: string
  readonly random: RandomBytes
  readonly nowMs: number
  readonly observer?: RestoreObserver
  /** Threads that open segments and write small files; without, this one does it. */
  readonly startWriters?: (
    context: Pick<RestoreContext, 'target' | 'nowNs' | 'attributes'>,
  ) => Promise<Writers>
}

/** What can not be made under any name the rule allows, and what fails for single files, is in the result. */
export async function restorePoint(
  point: ReadablePoint,
  plan: RestorePlan,
  options: RestoreOptions,
): Promise<RestoreResult> {
  const mayMeet = await isOccupied(options.to)
  const target = await openTarget(options.to)
  const report = createReport(options.observer)
  const runner = ownPlace(options.nowMs)
  const nowNs = BigInt(options.nowMs) * 1_000_000n
  let writers: Writers | undefined
  try {
    if (mayMeet) await removeLeftBehind(target, [], runner)
    writers = options.startWriters && (await options.startWriters({ ...options, target, nowNs }))
    const context: RestoreContext = {
      ...options,
      ...{ mayMeet, target, report, nowNs },
      tree: point.tree,
      temporaryName: temporaryNames(options.random, runner),
      runner,
      // Asked once: for each file it would cost as much as another system call.
      ownUser: process.geteuid?.(),
    }
    await carryOut(plan, context, writers)
  } finally {
    await writers?.close()
    await target.close()
  }
  return report.result()
}
