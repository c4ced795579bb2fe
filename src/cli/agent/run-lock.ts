/** The lock that a run holds, and whatever else must not happen beside one. */

import { BackupError } from '../../base/errors.ts'
import type { AgentState } from '../../agent/state/state.ts'
import { systemCalls } from '../../agent/system/open.ts'
import { acquireLock, type RunLock } from '../../agent/system/run-lock.ts'

/** @throws BackupError `busy` */
export function lockOf({ paths }: AgentState): RunLock {
  const lock = acquireLock(systemCalls(), paths.lock)
  if (lock !== undefined) return lock
  throw new BackupError('busy', 'Another run is going on on this machine.', {
    hint: 'Wait for it to end.',
  })
}
