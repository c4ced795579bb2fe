/** Restores a recovery point, or a part of it, beneath a directory. */

import { toHex, utf8, type RandomBytes } from '../../base/bytes.ts'
import { carryOut } from './carry-out.ts'
import type { RestoreContext } from './context.ts'
import type { ReadablePoint, RestorePlan } from './plan.ts'
import { createReport, type RestoreObserver, type RestoreResult } from './report.ts'
import { isOccupied, openTarget } from './target/open-target.ts'

export interface RestoreOptions extends Pick<
  RestoreContext,
  'chunks' | 'system' | 'signal' | 'onConflict' | 'nameOf' | 'attributes' | 'readsBack'
> {
  /** Directory to restore beneath; made when it is not there. */
  readonly to: string
  readonly random: RandomBytes
  readonly nowMs: number
  readonly observer?: RestoreObserver
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
  try {
    await carryOut(plan, {
      ...options,
      ...{ mayMeet, target, report },
      tree: point.tree,
      temporaryName: temporaryNames(options.random),
      // Asked once: for each file it would cost as much as another system call.
      ownUser: process.geteuid?.(),
      nowNs: BigInt(options.nowMs) * 1_000_000n,
    })
  } finally {
    await target.close()
  }
  return report.result()
}

function temporaryNames(random: RandomBytes): () => Uint8Array {
  const own = toHex(random(8))
  let count = 0
  return () => utf8(`.restore-${own}-${count++}.tmp`)
}
