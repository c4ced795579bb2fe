/** `backup policy plan`: which points of this machine go, when, and why, as the vault has reckoned it. */

import { InvalidArgumentError, type Command } from 'commander'
import type { RetentionPlanAnswer } from '../../protocol/messages.ts'
import type { Output } from '../render/output.ts'
import { tableLines } from '../render/table.ts'
import { localTimeText, sizeText } from '../render/units.ts'
import type { CommandContext } from './context.ts'
import { withConnection } from './open.ts'
import { sourceOption } from './state-of.ts'

interface Options {
  readonly days: number
  readonly all?: true
}

export function addPolicyPlan(policy: Command, context: CommandContext): void {
  policy
    .command('plan')
    .description('which points the vault will let go, when and why, and how much only they need')
    .option('--days <days>', 'points that go within so many days', parseDays, 30)
    .option('--all', 'all points, also those that stay')
    .action(async ({ days, all }: Options, command: Command) => {
      const source = sourceOption(command)
      const plan = await withConnection(context, ({ connection }) =>
        connection.retentionPlan(all ? null : days),
      )
      const points = plan.points.filter((point) => (source ?? point.source) === point.source)
      say(context.output, { ...plan, points })
    })
}

function parseDays(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 36_500) return Number(text)
  throw new InvalidArgumentError('It is a number of days, at most 36500.')
}

function say(output: Output, { points, suspended }: RetentionPlanAnswer): void {
  for (const point of points) output.event({ event: 'planned', ...point })
  const going = points.filter(({ removedAt }) => removedAt !== null)
  const bytes = going.reduce((sum, { freedBytes }) => sum + freedBytes, 0)
  output.event({ event: 'plan', points: going.length, bytes, suspended })
  if (points.length > 0) tableLines(points, columns).forEach(output.line)
  output.line(`${going.length} points go; ${sizeText(bytes)} are needed by them alone.`)
  if (suspended) output.warn("The vault's clock has jumped: nothing goes until it is confirmed.")
}

type Planned = RetentionPlanAnswer['points'][number]

const timeOrNever = (ms: number | null): string => (ms === null ? '-' : localTimeText(ms))

const columns = [
  { title: 'POINT', cell: ({ pointId }: Planned) => pointId.slice(0, 12) },
  { title: 'SOURCE', cell: ({ source }: Planned) => source },
  { title: 'TIME', cell: ({ committedAt }: Planned) => localTimeText(committedAt) },
  { title: 'KEPT BY', cell: reasonsText },
  { title: 'DELETED', cell: ({ deletedAt }: Planned) => timeOrNever(deletedAt) },
  { title: 'GONE', cell: ({ removedAt }: Planned) => timeOrNever(removedAt) },
  { title: 'SPACE BACK', cell: ({ freedAt }: Planned) => timeOrNever(freedAt) },
  {
    title: 'BYTES',
    cell: ({ freedBytes, removedAt }: Planned) => (removedAt === null ? '-' : sizeText(freedBytes)),
    right: true,
  },
]

/** `monthly until 2027-11-23` */
function reasonsText({ reasons, state }: Planned): string {
  const texts = reasons.map(({ kind, until }) =>
    until === null ? kind : `${kind} until ${localTimeText(until).slice(0, 10)}`,
  )
  return (state === 'deleted' ? ['deleted', ...texts] : texts).join(', ')
}
