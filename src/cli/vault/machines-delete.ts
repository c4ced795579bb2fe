/** `backup-vault machines delete MACHINE --confirm NAME` */

import type { Command } from 'commander'
import { BackupError } from '../../base/errors.ts'
import { textOf } from '../../vault/approvals/request.ts'
import type { OpenVault } from '../../vault/open.ts'
import { deleteMachine, oneMachine } from '../../vault/operator/machines.ts'
import type { CommandContext } from './context.ts'
import { agree, operatorKeyOption, type OperatorKeyOption } from './operator-key.ts'
import { withVault } from './with-vault.ts'

export function addMachinesDelete(parent: Command, { output }: CommandContext): void {
  parent
    .command('delete')
    .description('revoke a machine and free its name; with --data what it kept goes in time')
    .argument('<machine>', 'its name, or the beginning of its id')
    .option('--confirm <name>', "the machine's name again")
    .option('--data', 'give up what it kept: each point goes when its lock ends')
    .addOption(operatorKeyOption())
    .action(async (text: string, options: Options, command: Command) => {
      const machine = await withVault(command, (vault) => removeOne(vault, text, options))
      const pointsKept = options.data !== true
      output.event({ event: 'deleted', id: machine.id, name: machine.name, pointsKept })
      output.line(`${machine.name} is revoked, and its name is free.`)
      output.note(
        pointsKept
          ? 'Its points are kept in the vault, but nobody can read them through it any more.'
          : `Until they are gone they can be kept after all: backup-vault machines keep ${machine.id.slice(0, 12)}`,
      )
    })
}

interface Options extends OperatorKeyOption {
  readonly confirm?: string
  readonly data?: true
}

async function removeOne(vault: OpenVault, text: string, options: Options) {
  const { confirm: confirmed, data } = options
  const machine = await oneMachine(vault, {
    machine: text,
    also: data ? ['retired', 'deleted'] : ['retired'],
  })
  if (confirmed !== machine.name) {
    throw new BackupError(
      'usage',
      `Deleting ${machine.name} (${machine.id}) has to be confirmed.`,
      {
        hint: `Add --confirm ${JSON.stringify(machine.name)}.`,
      },
    )
  }
  const what = data ? ', and give up what it kept' : '; its points stay, but are handed out no more'
  await agree(
    vault,
    {
      operation: 'machine-delete',
      subject: `${machine.id}${data ? ' with its data' : ''}`,
      text: textOf(`delete the machine ${machine.name} (${machine.id})${what}`),
    },
    options,
  )
  await deleteMachine(vault, machine, { isDataGivenUp: data === true })
  return machine
}
