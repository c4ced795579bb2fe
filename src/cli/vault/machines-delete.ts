/** `backup-vault machines delete MACHINE --confirm NAME` */

import type { Command } from 'commander'
import { BackupError } from '../../base/errors.ts'
import type { OpenVault } from '../../vault/open.ts'
import { deleteMachine, oneMachine } from '../../vault/operator/machines.ts'
import type { CommandContext } from './context.ts'
import { withVault } from './with-vault.ts'

export function addMachinesDelete(parent: Command, { output }: CommandContext): void {
  parent
    .command('delete')
    .description('revoke a machine and free its name; no bytes are deleted yet')
    .argument('<machine>', 'its name, or the beginning of its id')
    .option('--confirm <name>', "the machine's name again")
    .action(async (text: string, options: { confirm?: string }, command: Command) => {
      const machine = await withVault(command, (vault) => removeOne(vault, text, options.confirm))
      output.event({ event: 'deleted', id: machine.id, name: machine.name, pointsKept: true })
      output.line(`${machine.name} is revoked, and its name is free.`)
      output.note('Its points are kept in the vault, but nobody can read them through it any more.')
    })
}

async function removeOne(vault: OpenVault, text: string, confirmed: string | undefined) {
  const machine = await oneMachine(vault, { machine: text, also: ['retired'] })
  if (confirmed !== machine.name) {
    throw new BackupError(
      'usage',
      `Deleting ${machine.name} (${machine.id}) has to be confirmed.`,
      {
        hint: `Add --confirm ${JSON.stringify(machine.name)}.`,
      },
    )
  }
  await deleteMachine(vault, machine)
  return machine
}
