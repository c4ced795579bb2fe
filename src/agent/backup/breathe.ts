/** Keeps a walk from holding the event loop: uploads, signals and timers get their turn. Tells how far the run has come. */

import { setImmediate } from 'node:timers/promises'
import type { BackupProgress, BackupRun, Traffic } from './backup-run.ts'
import type { WalkCounts } from './walk-context.ts'

const longestMs = 20

export interface Breather {
  /** Called by the walk at each path. @throws what the run was ended with */
  readonly breathe: (path: string) => Promise<void>
  /** Something was read: the walk may have come to its end long before the threads do. */
  readonly tell: () => void
  /** The walk is over: what is begun is read and sent. */
  readonly end: () => void
}

export interface BreatherParts {
  readonly counts: WalkCounts
  readonly expectedFiles: number | undefined
  readonly sent: () => Omit<Traffic, 'bytesRead'>
}

export function createBreather(
  run: BackupRun,
  { counts, expectedFiles, sent }: BreatherParts,
): Breather {
  let lastMs = performance.now()
  let at = ''
  let phase: BackupProgress['phase'] = 'working'
  const tell = () => {
    const { files, bytesRead } = counts
    run.progress({ phase, path: at, files, bytesRead, ...sent(), expectedFiles })
  }
  return {
    tell,
    end: () => {
      phase = 'ending'
      tell()
    },
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
