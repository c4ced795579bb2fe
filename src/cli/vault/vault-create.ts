/** `backup-vault vault create NAME` */

import type { Command } from 'commander'
import { createVault } from '../../vault/operator/vaults.ts'
import type { CommandContext } from './context.ts'
import { withVault } from './with-vault.ts'

export function addVaultCreate(parent: Command, { output }: CommandContext): void {
  parent
    .command('create')
    .description('make a vault that machines can register with')
    .argument('<name>', '1 to 32 of a-z, 0-9 and -')
    .action(async (name: string, _options: unknown, command: Command) => {
      const made = await withVault(command, (vault) => createVault(vault, name))
      output.event({ event: 'vault', id: made.id, name: made.name })
      output.line(`Made vault ${made.name}.`)
      output.note(`Next: backup-vault credentials ${made.name} --out ${made.name}.vaultcred`)
    })
}
