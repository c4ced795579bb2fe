/** `backup-vault retention plan` */

import type { Command } from 'commander'
import { vaultNamed } from '../../vault/catalog/vaults.ts'
import type { OpenVault } from '../../vault/open.ts'
import { oneMachine } from '../../vault/operator/machines.ts'
import { planRetention, type PlannedPoint, type RetentionPlan } from '../../vault/retention/plan.ts'
import type { Output } from '../render/output.ts'
import { tableLines } from '../render/table.ts'
import { sizeText, timeText } from '../render/units.ts'
import type { CommandContext } from './context.ts'
import { parseDays } from './vault-set-soft-delete.ts'
import { withVault } from './with-vault.ts'

interface Options {
  readonly vault?: string
  readonly machine?: string
  readonly days: number
  readonly all?: true
}

export function addRetentionPlan(retention: Command, { output }: CommandContext): void {
  retention
    .command('plan')
    .description('which points go, when and why, and how many bytes come back')
    .option('--vault <name>', 'of this vault alone')
    .option('--machine <machine>', 'of this machine alone')
    .option('--days <days>', 'points that go within so many days', parseDays, 30)
    .option('--all', 'all points, also those that stay')
    .action(async (options: Options, command: Command) => {
      const plan = await withVault(command, (vault) => read(vault, options))
      for (const point of plan.points) output.event({ event: 'planned', ...eventOf(point) })
      sayPlan(output, plan, options)
    })
}

async function read(vault: OpenVault, options: Options): Promise<RetentionPlan> {
  const vaultId =
    options.vault === undefined ? undefined : (await vaultNamed(vault.catalog, options.vault)).id
  const machine =
    options.machine === undefined
      ? undefined
      : await oneMachine(vault, {
          vaultId,
          machine: options.machine,
          also: ['retired', 'deleted'],
        })
  return await planRetention(vault, { vaultId, machine, days: options.all ? null : options.days })
}

function sayPlan(output: Output, { points, jump }: RetentionPlan, { days, all }: Options): void {
  if (points.length > 0) tableLines(points, columns).forEach(output.line)
  const going = points.filter(({ removedAt }) => removedAt !== null)
  const bytes = going.reduce((sum, { freedBytes }) => sum + freedBytes, 0)
  output.event({ event: 'plan', points: going.length, bytes, suspended: jump !== undefined })
  const when = all ? 'go in time' : `go within ${days} days`
  output.line(`${going.length} points ${when}; ${sizeText(bytes)} come back with them.`)
  if (jump === undefined) return
  output.warn('The clock has jumped: nothing expires until backup-vault clock confirm.')
}

const eventOf = (planned: PlannedPoint) => ({
  machine: planned.machine.name,
  machineId: planned.machine.id,
  pointId: planned.point.hash,
  source: planned.point.source,
  seq: planned.point.seq,
  committedAt: planned.point.committedAt,
  state: planned.point.state,
  reasons: planned.reasons,
  deletedAt: planned.deletedAt,
  removedAt: planned.removedAt,
  freedAt: planned.freedAt,
  freedBytes: planned.freedBytes,
})

const columns = [
  { title: 'POINT', cell: ({ point }: PlannedPoint) => point.hash.slice(0, 12) },
  { title: 'MACHINE', cell: ({ machine }: PlannedPoint) => machine.name },
  { title: 'SOURCE', cell: ({ point }: PlannedPoint) => point.source },
  { title: 'MADE', cell: ({ point }: PlannedPoint) => timeText(point.committedAt) },
  { title: 'KEPT BY', cell: reasonsText },
  { title: 'DELETED', cell: ({ deletedAt }: PlannedPoint) => timeText(deletedAt) },
  { title: 'GONE', cell: ({ removedAt }: PlannedPoint) => timeText(removedAt) },
  { title: 'SPACE BACK', cell: ({ freedAt }: PlannedPoint) => timeText(freedAt) },
  {
    title: 'BYTES',
    cell: ({ freedBytes, removedAt }: PlannedPoint) =>
      removedAt === null ? '-' : sizeText(freedBytes),
    right: true,
  },
]

/** `monthly until 2027-11-23, locked until 2027-02-23` */
function reasonsText({ reasons, point }: PlannedPoint): string {
  const texts = reasons.map(({ kind, until }) =>
    until === null ? kind : `${kind} until ${timeText(until).slice(0, 10)}`,
  )
  if (point.state === 'deleted') return ['deleted', ...texts].join(', ')
  return texts.join(', ')
}
