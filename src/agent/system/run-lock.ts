/** One at a time over all processes: a lock that the system itself drops when its process dies. */

import { closeSync } from 'node:fs'
import type { SystemCalls } from './system-calls.ts'

export interface RunLock {
  release(): void
}

/**
 * Undefined while another process holds the lock. The file stays behind, empty: removing it would let two processes
 * hold locks on two files of one name.
 */
export function acquireLock(system: SystemCalls, path: string): RunLock | undefined {
  const fd = system.openLocked(path)
  if (fd === undefined) return undefined
  let held = true
  return {
    release: () => {
      if (held) closeSync(fd)
      held = false
    },
  }
}
