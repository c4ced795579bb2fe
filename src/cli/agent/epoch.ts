/** `backup epoch advance`, and the epoch that a run seals in. */

import type { Command } from 'commander'
import { systemClock } from '../../base/clock.ts'
import { BackupError } from '../../base/errors.ts'
import { beginEpoch, epochOf, isEpochOver, repositoryIdOf } from '../../agent/keys/epochs.ts'
import { registrationOf } from '../../agent/state/state.ts'
import { keysOfHeld } from '../../crypto/held-key.ts'
import type { CommandContext } from './context.ts'
import { keyOf, keyStoreOf } from './key-store-of.ts'
import type { OpenAgent } from './open.ts'
import { stateOf } from './state-of.ts'
import { lockOf, withKeyLock } from './run-lock.ts'

export function addEpoch(program: Command, context: CommandContext): void {
  program
    .command('epoch')
    .description('of a hardened machine: what it has sent in earlier epochs it can not open')
    .command('advance')
    .description('begin a new epoch now; runs begin one in each month')
    .action(() => advance(context))
}

async function advance(context: CommandContext): Promise<void> {
  const state = stateOf(context.host)
  const lock = await lockOf(state)
  try {
    const registration = await registrationOf(state)
    if (registration.hardened === undefined) throw notHardened()
    const held = { registration, heldKey: await keyOf(context, state, registration) }
    const store = keyStoreOf(context, state, registration)
    const place = { state, store, nowMs: systemClock.now() }
    const { heldKey, registration: after } = await beginEpoch(held, epochOf(held) + 1, place)
    heldKey.dispose()
    context.output.event({ event: 'epoch-begun', epoch: after.epoch ?? 0 })
    context.output.line(
      `Epoch ${after.epoch ?? 0} has begun: what was sent before needs the passphrase.`,
    )
  } finally {
    lock.release()
  }
}

const notHardened = (): BackupError =>
  new BackupError('usage', 'This machine is not hardened: its master key opens every epoch.', {
    hint: 'Harden it: backup key-store harden',
  })

/** The agent in the epoch of now: others may have changed what was read before. */
export const inCurrentEpoch = (
  context: CommandContext,
  agent: OpenAgent,
  isDryRun: boolean,
): Promise<OpenAgent> =>
  withKeyLock(agent.state, async () => {
    const registration = await registrationOf(agent.state)
    const epoch = epochOf({ ...agent, registration })
    const isOver = isEpochOver(registration, systemClock.now()) && !isDryRun
    return recorded(context, { ...agent, registration }, isOver ? epoch + 1 : epoch)
  })

/** Records the epoch where it is a later one than this machine, in whatever process, has come to. */
export const agentOfEpoch = (
  context: CommandContext,
  agent: OpenAgent,
  epoch: number,
): Promise<OpenAgent> =>
  withKeyLock(agent.state, async () => {
    const registration = await registrationOf(agent.state)
    const reached = epochOf({ ...agent, registration })
    return recorded(context, { ...agent, registration }, Math.max(reached, epoch))
  })

async function recorded(
  context: CommandContext,
  agent: OpenAgent,
  epoch: number,
): Promise<OpenAgent> {
  const { state, registration } = agent
  if (epoch === (registration.epoch ?? 0)) return withKeys(agent, epoch)
  const store = keyStoreOf(context, state, registration)
  const place = { state, store, nowMs: systemClock.now() }
  return withKeys({ ...agent, ...(await beginEpoch(agent, epoch, place)) }, epoch)
}

const withKeys = (agent: OpenAgent, epoch: number): OpenAgent => ({
  ...agent,
  repository: {
    ...agent.repository,
    keys: keysOfHeld(agent.heldKey, repositoryIdOf(agent.registration), epoch),
  },
})
