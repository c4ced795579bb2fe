/** A lock that others hold for a moment only. */

import { dirname } from 'node:path'
import { BackupError } from '../../base/errors.ts'
import { makeDirectoryDurable } from '../../base/files.ts'
import { sleep } from '../../base/flow.ts'
import { systemCalls } from './open.ts'
import { acquireLock, type RunLock } from './run-lock.ts'

const lookEveryMs = 50

/**
 * @param what follows "Another command is", as in `changing the policy`
 * @throws BackupError `busy` where nobody lets go of it in time
 */
export async function waitForLock(
  path: string,
  what: string,
  patienceMs = 10_000,
): Promise<RunLock> {
  await makeDirectoryDurable(dirname(path))
  for (let waitedMs = 0; ; waitedMs += lookEveryMs) {
    const lock = acquireLock(systemCalls(), path)
    if (lock !== undefined) return lock
    if (waitedMs >= patienceMs) {
      throw new BackupError('busy', `Another command is ${what}.`, {
        hint: 'Try again when it has ended.',
      })
    }
    await sleep(lookEveryMs)
  }
}
