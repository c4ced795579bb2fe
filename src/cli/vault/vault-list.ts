/** `backup-vault vault list` */

import type { Command } from 'commander'
import { summarizeVaults } from '../../vault/operator/vaults.ts'
import { tableLines } from '../render/table.ts'
import { timeText } from '../render/units.ts'
import type { CommandContext } from './context.ts'
import { withVault } from './with-vault.ts'

export function addVaultList(parent: Command, { output }: CommandContext): void {
  parent
    .command('list')
    .description('list the vaults')
    .action(async (_options: unknown, command: Command) => {
      const vaults = await withVault(command, summarizeVaults)
      for (const vault of vaults) output.event({ event: 'vault', ...vault })
      if (vaults.length === 0) output.note('No vaults yet: backup-vault vault create NAME.')
      else tableLines(vaults, columns).forEach(output.line)
    })
}

type Summary = Awaited<ReturnType<typeof summarizeVaults>>[number]

const columns = [
  { title: 'VAULT', cell: (vault: Summary) => vault.name },
  { title: 'MACHINES', cell: (vault: Summary) => String(vault.activeMachines), right: true },
  { title: 'IMMUTABLE', cell: (vault: Summary) => vault.immutability },
  { title: 'MADE', cell: (vault: Summary) => timeText(vault.createdAt) },
  { title: 'ID', cell: (vault: Summary) => vault.id },
]
