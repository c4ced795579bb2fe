/** Keeps a walk from holding the event loop: uploads, signals and timers get their turn. Tells how far the run has come. */

import { setImmediate } from 'node:timers/promises'
import type { BackupRun } from './backup-run.ts'
import type { WalkCounts } from './walk-context.ts'

const longestMs = 20

export interface Breather {
  /** Called by the walk at each path. @throws what the run was ended with */
  readonly breathe: (path: string) => Promise<void>
  /** Something was read: the walk may have come to its end long before the threads do. */
  readonly tell: () => void
}

export function createBreather(
  run: BackupRun,
  counts: WalkCounts,
  expectedFiles: number | undefined,
): Breather {
  let lastMs = performance.now()
  let at = ''
  const tell = () => {
    const { files, bytesRead } = counts
    run.progress({ path: at, files, bytesRead, expectedFiles })
  }
  return {
    tell,
    breathe: (path) => {
      const nowMs = performance.now()
      at = path
      if (nowMs - lastMs < longestMs) return done
      return setImmediate().then(() => {
        run.signal.throwIfAborted()
        tell()
        lastMs = performance.now()
      })
    },
  }
}

const done = Promise.resolve()
