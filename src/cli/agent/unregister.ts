/** `backup unregister`: this machine forgets its vault; the recovery points stay there. */

import type { Command } from 'commander'
import { BackupError } from '../../base/errors.ts'
import { registrationOf } from '../../agent/state/state.ts'
import type { VaultConnection } from '../../repository/connection.ts'
import type { CommandContext } from './context.ts'
import { forgetKey } from './key-store-of.ts'
import { withConnection } from './open.ts'
import { stateOf } from './state-of.ts'
import { withPin } from './pin.ts'
import { askPlain } from './prompt.ts'

export function addUnregister(program: Command, context: CommandContext): void {
  program
    .command('unregister')
    .description('end the registration of this machine; its recovery points stay at the vault')
    .option('--yes', 'do not ask')
    .option('--offline', 'forget the registration here although the vault can not be told')
    .option('--delete-data', 'give up all that the vault keeps of this machine; needs a PIN')
    .option('--pin <pin>', "the PIN that the vault's operator gave for that")
    .action((options: UnregisterOptions) => unregister(context, options))
}

interface UnregisterOptions {
  readonly yes?: true
  readonly offline?: true
  readonly deleteData?: true
  readonly pin?: string
}

async function unregister(
  context: CommandContext,
  { yes, offline, deleteData, pin }: UnregisterOptions,
): Promise<void> {
  if (offline && deleteData) {
    throw new BackupError('usage', 'Without the vault nothing can be deleted there.')
  }
  const state = stateOf(context.host)
  const registration = await registrationOf(state)
  const { machineName, vaultName, access } = registration
  if (!yes) await confirm(context, machineName)
  if (access === 'full' && !offline) {
    const leave = async (connection: VaultConnection) => {
      const given = { pin, nothingYet: 'Nothing is deleted, and the machine is registered' }
      if (deleteData) await withPin(context, given, (one) => connection.giveUpData(one))
      await connection.unregister()
    }
    await withConnection(context, ({ connection }) => leave(connection), { retryForMs: 0 })
  }
  await forgetKey(context, state, { before: registration })
  await state.remove()
  context.output.event({ event: 'unregistered', machine: machineName, vault: vaultName })
  context.output.line(`${machineName} is no longer registered with the vault ${vaultName}.`)
  context.output.note(
    deleteData
      ? 'Its recovery points go when their locks end; the operator can take that back for a while.'
      : 'Its recovery points stay at the vault: backup recover reads them, with the passphrase.',
  )
}

async function confirm(context: CommandContext, machineName: string): Promise<void> {
  const question = `End the registration of ${machineName} and remove its keys from this machine? Type yes: `
  const answer = await askPlain(context, question, '--yes')
  if (answer.trim().toLowerCase() !== 'yes') {
    throw new BackupError('usage', 'Not confirmed. Nothing was done.')
  }
}
