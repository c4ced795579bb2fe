/** `backup-vault machines list [NAME]` */

import type { Command } from 'commander'
import { vaultNamed } from '../../vault/catalog/vaults.ts'
import { listVaults } from '../../vault/catalog/vaults.ts'
import type { OpenVault } from '../../vault/open.ts'
import { summarizeMachines } from '../../vault/operator/machines.ts'
import { tableLines } from '../render/table.ts'
import { sizeText, timeText } from '../render/units.ts'
import type { CommandContext } from './context.ts'
import { withVault } from './with-vault.ts'

export function addMachinesList(parent: Command, { output }: CommandContext): void {
  parent
    .command('list')
    .description('list the machines of a vault, or of all vaults')
    .argument('[vault]')
    .action(async (name: string | undefined, _options: unknown, command: Command) => {
      const rows = await withVault(command, (vault) => read(vault, name))
      for (const row of rows) output.event({ event: 'machine', ...row })
      if (rows.length === 0) output.note('No machines are registered.')
      else tableLines(rows, columns).forEach(output.line)
    })
}

async function read(vault: OpenVault, name: string | undefined) {
  const vaults = await listVaults(vault.catalog)
  const only = name === undefined ? undefined : (await vaultNamed(vault.catalog, name)).id
  const machines = await summarizeMachines(vault, only)
  return machines.map((machine) => ({
    id: machine.id,
    name: machine.name,
    vault: vaults.find(({ id }) => id === machine.vaultId)?.name ?? machine.vaultId,
    state: machine.standing,
    registeredAt: machine.registeredAt,
    certificateUntil: machine.certificateUntil,
    points: machine.points,
    lastPointAt: machine.lastPointAt,
    storedBytes: machine.storedBytes,
    clonedAt: machine.clonedAt,
  }))
}

type Row = Awaited<ReturnType<typeof read>>[number]

const columns = [
  { title: 'MACHINE', cell: (row: Row) => row.name },
  { title: 'ID', cell: (row: Row) => row.id.slice(0, 12) },
  { title: 'VAULT', cell: (row: Row) => row.vault },
  { title: 'STATE', cell: stateText },
  { title: 'POINTS', cell: (row: Row) => String(row.points), right: true },
  { title: 'LAST POINT', cell: (row: Row) => timeText(row.lastPointAt) },
  { title: 'STORED', cell: (row: Row) => sizeText(row.storedBytes), right: true },
]

function stateText({ state, clonedAt }: Row): string {
  return clonedAt === null ? state : `${state}, CLONED`
}
