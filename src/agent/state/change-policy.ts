/** Changes of the policy, one at a time over all processes: what two commands change at once is kept of both. */

import { waitForLock } from '../system/wait-for-lock.ts'
import type { AgentState } from './state.ts'
import type { Policy, SourcePolicy } from './policy-state.ts'

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

/** Gives these sources a policy, but for those that have one. Returns the names of those that were given one. */
export function addSources(state: AgentState, added: Policy): Promise<readonly string[]> {
  return withPolicy(state, async (policies) => {
    await state.savePolicy({ ...added, ...policies })
    return Object.keys(added).filter((source) => policies[source] === undefined)
  })
}

export const emptyPolicy: SourcePolicy = { include: [], exclude: [] }

async function withPolicy<T>(state: AgentState, work: (policies: Policy) => Promise<T>) {
  const lock = await waitForLock(state.paths.policyLock, 'changing the policy')
  try {
    return await work(await state.loadPolicy())
  } finally {
    lock.release()
  }
}
