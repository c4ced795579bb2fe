/** A run: builds on the newest point, makes the next one, and tries again when the vault turns out to miss something. */

import { BackupError } from '../../base/errors.ts'
import { parseObjectId, type ObjectId } from '../../model/ids.ts'
import { commitMissingFactsSchema } from '../../protocol/messages.ts'
import { planCompaction } from '../compaction/plan.ts'
import { attemptPoint, type AttemptResult } from './attempt.ts'
import type { BackupProgress, BackupRun, Traffic } from './backup-run.ts'
import { findBase } from './base-point.ts'
import { planRun } from './by-journal.ts'
import { ScanNeeded } from './changes.ts'
import { isUnusable } from './previous-tree.ts'
import type { Scan, ScanReason, WatchAnswer } from './watched.ts'

/** Attempts at one point: a vault that loses objects faster than that is broken. */
const attempts = 4

/** The traffic is that of all attempts. */
export type RunResult = AttemptResult & Traffic & { readonly scan: Scan }

export async function runBackup(given: BackupRun): Promise<RunResult> {
  let run = {
    ...given,
    progress: (now: BackupProgress) => given.progress({ ...now, ...sumOf(traffic, now) }),
  }
  const gone = new Set<ObjectId>()
  let traffic: Traffic = { bytesRead: 0, bytesSent: 0, bytesStored: 0 }
  const onEnd = (more: Traffic) => {
    traffic = sumOf(traffic, more)
    run.onTraffic(traffic)
  }
  const answer = await run.watched.ask()
  let instead: ScanReason | undefined
  for (let attempt = 1; ;) {
    const base = await findBase(run.repository, run)
    if (base.epoch > run.repository.keys.currentEpoch) {
      run = { ...run, ...(await run.raiseEpoch(base.epoch)) }
    }
    const plan = planRun(run, base, instead === undefined ? answer : scanFor(answer, instead))
    const { changes, scan } = plan
    try {
      const isPlain = attempt === 1 && changes === undefined
      const planned = isPlain ? await planCompaction(run, base) : undefined
      const compaction = planned?.packs.size === 0 ? undefined : planned
      const options = { base, gone, exact: attempt > 1, changes, compaction, onEnd }
      const result = await attemptPoint(run, options)
      if (result.point !== undefined) {
        const { id, seq, manifest } = result.point
        await run.saveHead({ seq, hash: id })
        await run.journal.clear()
        await run.cache.commit(id, manifest)
        // What a first point sent is all needed: its time begins too.
        const isLookedThrough = planned !== undefined || base.previous === undefined
        if (isLookedThrough) await run.compaction.saveLast(run.startedMs)
        const covered = { point: id, fullMs: plan.fullMs, hasLinks: result.counts.hasLinks }
        if (answer.token !== undefined) await run.watched.tell(answer.token, covered)
      }
      return { ...result, ...traffic, scan }
    } catch (error) {
      const misfit = changes === undefined ? undefined : misfitOf(error)
      if (misfit !== undefined) {
        instead = misfit
        continue
      }
      if (attempt === attempts || !isWorthAnother(error)) throw error
      for (const id of missingIds(error)) gone.add(id)
      run.warn(`${error.message} What is missing is read and sent again.`)
      instead = 'repeated'
      attempt++
    }
  }
}

const scanFor = (answer: WatchAnswer, reason: ScanReason): WatchAnswer => ({
  ...{ kind: 'scan', reason },
  token: answer.token,
})

/** What can not be read, or does not fit the journal, is no reason to end: a full scan reads what it can not find. */
function misfitOf(error: unknown): ScanReason | undefined {
  if (error instanceof ScanNeeded) return error.reason
  return isUnusable(error) ? 'cache' : undefined
}

const sumOf = (a: Traffic, b: Traffic): Traffic => ({
  bytesRead: a.bytesRead + b.bytesRead,
  bytesSent: a.bytesSent + b.bytesSent,
  bytesStored: a.bytesStored + b.bytesStored,
})

const isWorthAnother = (error: unknown): error is BackupError =>
  error instanceof BackupError && (error.code === 'commit-missing' || error.code === 'head-moved')

function missingIds(error: BackupError): readonly ObjectId[] {
  const facts = commitMissingFactsSchema.safeParse(error.facts)
  return facts.success ? facts.data.missing.map(parseObjectId) : []
}
