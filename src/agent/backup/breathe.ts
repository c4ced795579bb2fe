/** Keeps a walk from holding the event loop: uploads, signals and timers get their turn. */

import { setImmediate } from 'node:timers/promises'
import type { BackupRun } from './backup-run.ts'
import type { WalkCounts } from './walk-context.ts'

const longestMs = 20

export function breather(
  run: BackupRun,
  counts: WalkCounts,
  expectedFiles: number | undefined,
): (path: string) => Promise<void> {
  let lastMs = performance.now()
  return (path) => {
    const nowMs = performance.now()
    if (nowMs - lastMs < longestMs) return done
    return setImmediate().then(() => {
      run.signal.throwIfAborted()
      run.progress({ path, files: counts.files, bytesRead: counts.bytesRead, expectedFiles })
      lastMs = performance.now()
    })
  }
}

const done = Promise.resolve()
