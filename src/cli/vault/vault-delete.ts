/** `backup-vault vault delete|undelete VAULT` */

import type { Command } from 'commander'
import { BackupError } from '../../base/errors.ts'
import { vaultNamed } from '../../vault/catalog/vaults.ts'
import type { OpenVault } from '../../vault/open.ts'
import { deleteVault, keepVault } from '../../vault/operator/vaults.ts'
import type { CommandContext } from './context.ts'
import { withVault } from './with-vault.ts'

export function addVaultDelete(parent: Command, { output }: CommandContext): void {
  parent
    .command('delete')
    .description('delete all machines of a vault, and give up what they kept')
    .argument('<vault>')
    .option('--confirm <vault>', "the vault's name again")
    .action(async (name: string, { confirm }: { confirm?: string }, command: Command) => {
      const machines = await withVault(command, (vault) => remove(vault, name, confirm))
      output.event({ event: 'vault-deleted', vault: name, machines })
      output.line(
        `${machines} machines of ${name} are deleted; their points go when their locks end.`,
      )
      output.note(
        `Until they are gone they can be kept after all: backup-vault vault undelete ${name}`,
      )
    })
  parent
    .command('undelete')
    .description('keep what the machines of a vault gave up, as far as it is not gone yet')
    .argument('<vault>')
    .action(async (name: string, _options: unknown, command: Command) => {
      const points = await withVault(command, async (vault) =>
        keepVault(vault, await vaultNamed(vault.catalog, name)),
      )
      output.event({ event: 'vault-undeleted', vault: name, points })
      output.line(`What the machines of ${name} kept stays. Points that came back: ${points}.`)
    })
}

async function remove(vault: OpenVault, name: string, confirmed: string | undefined) {
  const found = await vaultNamed(vault.catalog, name)
  if (confirmed === name) return await deleteVault(vault, found)
  throw new BackupError('usage', `Deleting the vault ${name} has to be confirmed.`, {
    hint: `Add --confirm ${name}.`,
  })
}
