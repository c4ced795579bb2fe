/** `backup-vault vault set-address HOST:PORT` */

import type { Command } from 'commander'
import { formatAddress, parseAddress } from '../../vault/operator/address.ts'
import { setAddress } from '../../vault/operator/vaults.ts'
import type { CommandContext } from './context.ts'
import { withVault } from './with-vault.ts'

export function addVaultSetAddress(parent: Command, { output }: CommandContext): void {
  parent
    .command('set-address')
    .description('where machines find this service: for credentials that are issued from now on')
    .argument('<host:port>')
    .action(async (text: string, _options: unknown, command: Command) => {
      const address = parseAddress(text)
      await withVault(command, (vault) => setAddress(vault, address))
      output.event({ event: 'address', ...address })
      output.line(`Credentials name ${formatAddress(address)} from now on.`)
      output.note('Machines that are registered already keep the address that they know.')
    })
}
