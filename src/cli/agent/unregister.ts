/** `backup unregister`: this machine forgets its vault; the recovery points stay there. */

import type { Command } from 'commander'
import { BackupError } from '../../base/errors.ts'
import { registrationOf } from '../../agent/state/state.ts'
import type { CommandContext } from './context.ts'
import { forgetKey } from './key-store-of.ts'
import { stateOf, withConnection } from './open.ts'
import { askPlain } from './prompt.ts'

export function addUnregister(program: Command, context: CommandContext): void {
  program
    .command('unregister')
    .description('end the registration of this machine; its recovery points stay at the vault')
    .option('--yes', 'do not ask')
    .option('--offline', 'forget the registration here although the vault can not be told')
    .action((options: { yes?: true; offline?: true }) => unregister(context, options))
}

async function unregister(
  context: CommandContext,
  { yes, offline }: { yes?: true; offline?: true },
): Promise<void> {
  const state = stateOf(context.host)
  const registration = await registrationOf(state)
  const { machineName, vaultName, access } = registration
  if (!yes) await confirm(context, machineName)
  if (access === 'full' && !offline) {
    await withConnection(context, ({ connection }) => connection.unregister(), { retryForMs: 0 })
  }
  await forgetKey(context, state, { before: registration })
  await state.remove()
  context.output.event({ event: 'unregistered', machine: machineName, vault: vaultName })
  context.output.line(`${machineName} is no longer registered with the vault ${vaultName}.`)
  context.output.note(
    'Its recovery points stay at the vault: backup recover reads them, with the passphrase.',
  )
}

async function confirm(context: CommandContext, machineName: string): Promise<void> {
  const question = `End the registration of ${machineName} and remove its keys from this machine? Type yes: `
  const answer = await askPlain(context, question, '--yes')
  if (answer.trim().toLowerCase() !== 'yes') {
    throw new BackupError('usage', 'Not confirmed. Nothing was done.')
  }
}
