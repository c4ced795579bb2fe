/** Restores a recovery point, or a part of it, beneath a directory: plan, look for what is in the way, carry out. */

import { lstat } from 'node:fs/promises'
import { BackupError, errorCodeOf, systemCodeOf } from '../../base/errors.ts'
import { toHex, utf8, type RandomBytes } from '../../base/bytes.ts'
import type { ChunkReader } from '../../repository/chunk-reader.ts'
import type { SystemCalls } from '../system/system-calls.ts'
import { carryOut } from './carry-out.ts'
import type { PlanItem, ReadablePoint, RestorePlan } from './plan.ts'
import { createReport, type RestoreObserver, type RestoreResult } from './report.ts'
import { isOccupied, openTarget, placeText, type Place, type Target } from './target.ts'

export interface RestoreOptions {
  /** Directory to restore beneath; made when it is not there. */
  readonly to: string
  readonly chunks: ChunkReader
  readonly system: SystemCalls
  readonly random: RandomBytes
  readonly nowMs: number
  readonly observer?: RestoreObserver
  readonly signal?: AbortSignal | undefined
}

/**
 * Nothing that exists is overwritten: `target-refused`, before anything is written, when something is in the way.
 * What fails for single files is in the result.
 */
export async function restorePoint(
  point: ReadablePoint,
  plan: RestorePlan,
  options: RestoreOptions,
): Promise<RestoreResult> {
  await refuseConflicts(plan, options)
  const target = await openTarget(options.to)
  const report = createReport(options.observer)
  try {
    await carryOut(plan, {
      ...options,
      target,
      report,
      tree: point.tree,
      temporaryName: temporaryNames(options.random),
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

/** @throws BackupError `target-refused` when an entry to be written exists already; directories may. */
export async function refuseConflicts(
  plan: RestorePlan,
  { to, signal }: Pick<RestoreOptions, 'to' | 'signal'>,
): Promise<void> {
  if (!(await isOccupied(to))) return
  const target = await openTarget(to)
  try {
    const found = await findConflicts(plan, target, signal)
    const first = found[0]
    if (first === undefined) return
    const more = found.length > 1 ? ' and more' : ''
    throw new BackupError(
      'target-refused',
      `In ${to} there is already: ${placeText(first)}${more}.`,
      {
        hint: 'Nothing was written. Restore to an empty directory, or name paths that are not there.',
        facts: { paths: found.map(placeText) },
      },
    )
  } finally {
    await target.close()
  }
}

const shownConflicts = 10

/** Looks only into directories that the target has too. */
async function findConflicts(
  plan: RestorePlan,
  target: Target,
  signal: AbortSignal | undefined,
): Promise<Place[]> {
  const found: Place[] = []
  let entered = false
  for await (const item of plan.items({ signal, enter: () => entered })) {
    const state = await stateOf(item, target)
    entered = state === 'shared'
    if (state === 'conflict') found.push(item.place)
    if (found.length === shownConflicts) return found
  }
  return found
}

async function stateOf(item: PlanItem, target: Target): Promise<'free' | 'shared' | 'conflict'> {
  const name = item.place.at(-1)
  if (item.kind === 'end' || item.kind === 'unreadable') return 'free'
  if (name === undefined) return 'shared'
  try {
    return await target.withDirectory(item.place.slice(0, -1), async (parent) => {
      const facts = await lstat(parent.at(name))
      return item.kind === 'directory' && facts.isDirectory() ? 'shared' : 'conflict'
    })
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT' || errorCodeOf(error) === 'not-found') return 'free'
    if (systemCodeOf(error) === 'ENAMETOOLONG') return 'free'
    throw error
  }
}
