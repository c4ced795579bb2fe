/** A run: builds on the newest point, makes the next one, and tries again when the vault turns out to miss something. */

import type { RandomBytes } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import { BackupError } from '../../base/errors.ts'
import type { Chunker } from '../../chunker/chunker.ts'
import { parseObjectId, type ObjectId, type SourceName } from '../../model/ids.ts'
import type { CaptureFingerprint, Selection, SystemName } from '../../model/manifest.ts'
import { commitMissingFactsSchema } from '../../protocol/messages.ts'
import type { Repository } from '../../repository/repository.ts'
import { attemptPoint, type AttemptResult } from './attempt.ts'
import { findBase, type Head } from './base-point.ts'
import type { PackJournal } from './pack-journal.ts'
import type { SelectionNode } from './selection.ts'

export interface BackupRun {
  readonly repository: Repository
  readonly source: SourceName
  readonly selection: Selection
  readonly selectionTree: SelectionNode
  readonly capture: CaptureFingerprint
  readonly chunker: Chunker
  readonly journal: PackJournal
  /** PEM certificates of the vault's authority: from the registration. */
  readonly authorities: readonly string[]
  /** The newest point that this machine has seen of the source. */
  readonly seen: Head | undefined
  readonly saveHead: (head: Head) => Promise<void>
  readonly host: {
    readonly name: string
    readonly agentVersion: string
    readonly system: SystemName
  }
  readonly clock: Clock
  readonly random: RandomBytes
  readonly signal: AbortSignal
  readonly startedMs: number
  readonly dryRun: boolean
  /** Open every segment again before it is sent. */
  readonly verifyAll: boolean
  readonly progress: (progress: BackupProgress) => void
  readonly warn: (message: string) => void
}

export interface BackupProgress {
  readonly path: string
  readonly files: number
  readonly bytesRead: number
  /** Of the previous point: about as many are to come. */
  readonly expectedFiles: number | undefined
}

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
