/** `register --replace`: a new registration in the place of the one that there is. */

import { BackupError, errorCodeOf } from '../../base/errors.ts'
import type { AgentState, Registration } from '../../agent/state/state.ts'
import type { VaultConnection } from '../../repository/connection.ts'
import type { CommandContext } from './context.ts'
import { connect } from './open.ts'

export interface NewRegistration {
  readonly vaultId: Registration['vaultId']
  readonly machineName: string
  readonly make: () => Promise<Registration>
}

interface OldRegistration {
  readonly registration: Registration
  readonly connection: VaultConnection
}

/**
 * The old vault is told when the new registration stands, so that a refused one changes nothing. It is told before only
 * where the name that is wanted turns out to be taken by the old registration itself.
 */
export async function replaceRegistration(
  context: CommandContext,
  state: AgentState,
  wanted: NewRegistration,
): Promise<Registration> {
  const old = await openOld(context, state)
  if (old === undefined) return wanted.make()
  try {
    const made = await wanted.make()
    await end(context, old)
    return made
  } catch (error) {
    if (errorCodeOf(error) !== 'name-taken' || !holdsName(old, wanted)) throw error
    await end(context, old)
    return await wanted.make()
  } finally {
    await old.connection.close()
  }
}

const holdsName = ({ registration }: OldRegistration, wanted: NewRegistration): boolean =>
  registration.vaultId === wanted.vaultId && registration.machineName === wanted.machineName

/** Its key and certificate are taken now: they are gone from the state directory once the new ones are there. */
async function openOld(
  context: CommandContext,
  state: AgentState,
): Promise<OldRegistration | undefined> {
  try {
    const registration = await state.registration.load()
    if (registration?.access !== 'full') return undefined
    const connection = await connect(context, state, { ...registration, retryForMs: 0 })
    return { registration, connection }
  } catch (error) {
    warn(context, error)
    return undefined
  }
}

/** A vault that is gone does not matter. */
async function end(context: CommandContext, { connection }: OldRegistration): Promise<void> {
  try {
    await connection.unregister()
  } catch (error) {
    warn(context, error)
  }
}

function warn({ output, signal }: CommandContext, error: unknown): void {
  signal.throwIfAborted()
  if (!(error instanceof BackupError)) throw error
  output.warn(`Warning: the old registration could not be ended at its vault: ${error.message}`)
}
