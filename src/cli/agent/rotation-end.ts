/** The end of a change of the master key, also of one that was interrupted there: what is left of the old one goes. */

import { cleanUpRotation } from '../../agent/keys/rotation.ts'
import { registrationOf, type AgentState, type Registration } from '../../agent/state/state.ts'
import type { CommandContext } from './context.ts'
import { forgetKey } from './key-store-of.ts'
import { withKeyLock } from './run-lock.ts'

/** The caller holds the lock of the key. */
export async function endRotation(
  context: CommandContext,
  state: AgentState,
  after: Registration,
): Promise<void> {
  const rotation = await state.rotation.load()
  if (rotation?.repository !== after.repository) return
  await forgetKey(context, state, { before: rotation.before, after })
  await cleanUpRotation(state, after)
}

/** Before a run. */
export async function endOldRotation(context: CommandContext, state: AgentState): Promise<void> {
  if ((await state.rotation.load()) === undefined) return
  await withKeyLock(state, async () => endRotation(context, state, await registrationOf(state)))
}
