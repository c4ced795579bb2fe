/** A run: builds on the newest point, makes the next one, and tries again when the vault turns out to miss something. */

import { BackupError } from '../../base/errors.ts'
import { parseObjectId, type ObjectId } from '../../model/ids.ts'
import { commitMissingFactsSchema } from '../../protocol/messages.ts'
import { attemptPoint, type AttemptResult } from './attempt.ts'
import type { BackupRun } from './backup-run.ts'
import { findBase } from './base-point.ts'

/** Attempts at one point: a vault that loses objects faster than that is broken. */
const attempts = 4

export async function runBackup(run: BackupRun): Promise<AttemptResult> {
  const gone = new Set<ObjectId>()
  for (let attempt = 1; ; attempt++) {
    const base = await findBase(run.repository, run)
    try {
      const result = await attemptPoint(run, { base, gone, exact: attempt > 1 })
      if (result.point !== undefined) {
        await run.saveHead({ seq: result.point.seq, hash: result.point.id })
        await run.journal.clear()
      }
      return result
    } catch (error) {
      if (attempt === attempts || !isWorthAnother(error)) throw error
      for (const id of missingIds(error)) gone.add(id)
      run.warn(`${error.message} What is missing is read and sent again.`)
    }
  }
}

const isWorthAnother = (error: unknown): error is BackupError =>
  error instanceof BackupError && (error.code === 'commit-missing' || error.code === 'head-moved')

function missingIds(error: BackupError): readonly ObjectId[] {
  const facts = commitMissingFactsSchema.safeParse(error.facts)
  return facts.success ? facts.data.missing.map(parseObjectId) : []
}
