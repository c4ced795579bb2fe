/** `backup-vault vault delete|undelete VAULT` */

import type { Command } from 'commander'
import { BackupError } from '../../base/errors.ts'
import { textOf } from '../../vault/approvals/request.ts'
import { listMachines } from '../../vault/catalog/machines.ts'
import { vaultNamed } from '../../vault/catalog/vaults.ts'
import type { OpenVault } from '../../vault/open.ts'
import { deleteVault, keepVault } from '../../vault/operator/vaults.ts'
import type { CommandContext } from './context.ts'
import { agree, operatorKeyOption, type OperatorKeyOption } from './operator-key.ts'
import { withVault } from './with-vault.ts'

export function addVaultDelete(parent: Command, { output }: CommandContext): void {
  parent
    .command('delete')
    .description('delete all machines of a vault, and give up what they kept')
    .argument('<vault>')
    .option('--confirm <vault>', "the vault's name again")
    .addOption(operatorKeyOption())
    .action(async (name: string, options: Options, command: Command) => {
      const machines = await withVault(command, (vault) => remove(vault, name, options))
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

interface Options extends OperatorKeyOption {
  readonly confirm?: string
}

async function remove(vault: OpenVault, name: string, options: Options) {
  const found = await vaultNamed(vault.catalog, name)
  if (options.confirm === name) {
    const machines = await listMachines(vault.catalog, found.id)
    const details = machines.map((machine) => `${machine.name} (${machine.id.slice(0, 12)})`)
    const sentence = `delete the vault ${name}: its ${details.length} machines, and what they kept`
    const wanted = { operation: 'vault-delete', subject: found.id } as const
    await agree(vault, { ...wanted, text: textOf(sentence, details) }, options)
    return await deleteVault(vault, found)
  }
  throw new BackupError('usage', `Deleting the vault ${name} has to be confirmed.`, {
    hint: `Add --confirm ${name}.`,
  })
}
