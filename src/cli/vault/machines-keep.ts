/** `backup-vault machines keep MACHINE`: what was given up is kept after all. */

import type { Command } from 'commander'
import { oneMachine } from '../../vault/operator/machines.ts'
import { keepData } from '../../vault/retention/give-up.ts'
import type { CommandContext } from './context.ts'
import { withVault } from './with-vault.ts'

export function addMachinesKeep(parent: Command, { output }: CommandContext): void {
  parent
    .command('keep')
    .description('keep what a machine gave up, as far as it is not gone yet')
    .argument('<machine>', 'its name, or the beginning of its id')
    .action(async (text: string, _options: unknown, command: Command) => {
      const { machine, points } = await withVault(command, async (vault) => {
        const query = { machine: text, also: ['retired', 'deleted'] } as const
        const machine = await oneMachine(vault, query)
        const space = { vaultId: machine.vaultId, machineId: machine.id }
        return { machine, points: await keepData(vault, space) }
      })
      output.event({ event: 'data-kept', id: machine.id, name: machine.name, points })
      output.line(`What ${machine.name} kept stays. Points that came back: ${points}.`)
    })
}
