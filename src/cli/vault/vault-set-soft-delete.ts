/** `backup-vault vault set-soft-delete NAME DAYS` */

import { InvalidArgumentError, type Command } from 'commander'
import { checkSoftDeleteDays } from '../../policy/soft-delete.ts'
import { textOf, type Wanted } from '../../vault/approvals/request.ts'
import { vaultNamed } from '../../vault/catalog/vaults.ts'
import { setSoftDelete, type Vault } from '../../vault/operator/vaults.ts'
import type { CommandContext } from './context.ts'
import { agree, operatorKeyOption, type OperatorKeyOption } from './operator-key.ts'
import { withVault } from './with-vault.ts'

export function addVaultSetSoftDelete(parent: Command, { output }: CommandContext): void {
  parent
    .command('set-soft-delete')
    .description('for how many days deleted points can be taken back: 14 to 180')
    .argument('<vault>')
    .argument('<days>', '', parseDays)
    .addOption(operatorKeyOption())
    .action(async (name: string, days: number, options: OperatorKeyOption, command: Command) => {
      await withVault(command, async (vault) => {
        const found = await vaultNamed(vault.catalog, name)
        checkSoftDeleteDays(days)
        if (days < found.softDeleteDays) await agree(vault, shortening(found, days), options)
        await setSoftDelete(vault, found, days)
      })
      output.event({ event: 'soft-delete', vault: name, days })
      output.line(`What is deleted in ${name} from now on can be taken back for ${days} days.`)
    })
}

export function parseDays(text: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It is a number of days.')
}

const shortening = ({ id, name, softDeleteDays }: Vault, days: number): Wanted => ({
  operation: 'soft-delete-shorten',
  subject: `${id} ${days}`,
  text: textOf(
    `let what is deleted in ${name} be taken back for ${days} days, not ${softDeleteDays}`,
  ),
})
