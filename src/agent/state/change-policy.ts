/** Changes of the policy, one at a time over all processes: what two commands change at once is kept of both. */

import { BackupError } from '../../base/errors.ts'
import { makeDirectoryDurable } from '../../base/files.ts'
import { sleep } from '../../base/flow.ts'
import { systemCalls } from '../system/open.ts'
import { acquireLock, type RunLock } from '../system/run-lock.ts'
import type { AgentState, Policy, SourcePolicy } from './state.ts'

const patienceMs = 10_000
const lookEveryMs = 50

/**
 * Replaces one source's policy by what `edit` makes of it; what `edit` gives back is returned. A source that was not
 * there begins empty.
 * @throws BackupError `busy` when another command does not let go of the policy
 */
export function changeSource(
  state: AgentState,
  source: string,
  edit: (old: SourcePolicy) => Promise<SourcePolicy> | SourcePolicy,
): Promise<SourcePolicy> {
  return withPolicy(state, async (policies) => {
    const changed = await edit(policies[source] ?? emptyPolicy)
    await state.savePolicy({ ...policies, [source]: changed })
    return changed
  })
}

export const emptyPolicy: SourcePolicy = { include: [], exclude: [] }

async function withPolicy<T>(state: AgentState, work: (policies: Policy) => Promise<T>) {
  const lock = await lockPolicy(state)
  try {
    return await work(await state.loadPolicy())
  } finally {
    lock.release()
  }
}

async function lockPolicy({ directory, paths }: AgentState): Promise<RunLock> {
  await makeDirectoryDurable(directory)
  for (let waitedMs = 0; ; waitedMs += lookEveryMs) {
    const lock = acquireLock(systemCalls(), paths.policyLock)
    if (lock !== undefined) return lock
    if (waitedMs >= patienceMs) {
      throw new BackupError('busy', 'Another command is changing the policy.', {
        hint: 'Try again when it has ended.',
      })
    }
    await sleep(lookEveryMs)
  }
}
