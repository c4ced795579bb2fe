/** `backup-vault vault set-soft-delete NAME DAYS` */

import { InvalidArgumentError, type Command } from 'commander'
import { vaultNamed } from '../../vault/catalog/vaults.ts'
import { setSoftDelete } from '../../vault/operator/vaults.ts'
import type { CommandContext } from './context.ts'
import { withVault } from './with-vault.ts'

export function addVaultSetSoftDelete(parent: Command, { output }: CommandContext): void {
  parent
    .command('set-soft-delete')
    .description('for how many days deleted points can be taken back: 14 to 180')
    .argument('<vault>')
    .argument('<days>', '', parseDays)
    .action(async (name: string, days: number, _options: unknown, command: Command) => {
      await withVault(command, async (vault) =>
        setSoftDelete(vault, await vaultNamed(vault.catalog, name), days),
      )
      output.event({ event: 'soft-delete', vault: name, days })
      output.line(`What is deleted in ${name} from now on can be taken back for ${days} days.`)
    })
}

export function parseDays(text: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It is a number of days.')
}
