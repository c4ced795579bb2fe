/** `backup-vault machines revoke MACHINE` */

import type { Command } from 'commander'
import { oneMachine, revokeMachine } from '../../vault/operator/machines.ts'
import type { CommandContext } from './context.ts'
import { withVault } from './with-vault.ts'

export function addMachinesRevoke(parent: Command, { output }: CommandContext): void {
  parent
    .command('revoke')
    .description("refuse a machine's certificates from its next request on; its points stay")
    .argument('<machine>', 'its name, or the beginning of its id')
    .action(async (text: string, _options: unknown, command: Command) => {
      const { machine, revoked } = await withVault(command, async (vault) => {
        const machine = await oneMachine(vault, { machine: text, also: ['retired'] })
        return { machine, revoked: await revokeMachine(vault, machine) }
      })
      output.event({ event: 'revoked', id: machine.id, name: machine.name, certificates: revoked })
      output.line(
        revoked === 0
          ? `${machine.name} had no certificate that was good.`
          : `${machine.name} is refused from its next request on (${revoked} certificates revoked).`,
      )
    })
}
