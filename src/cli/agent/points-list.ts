/** `backup points [list]` */

import type { Command } from 'commander'
import { tableLines } from '../render/table.ts'
import { localTimeText, sizeText } from '../render/units.ts'
import type { CommandContext } from './context.ts'
import { listedPoints } from './chosen-point.ts'
import { withRepository } from './open.ts'
import { sourceOption } from './state-of.ts'
import { addReadingOptions, readingOf } from './reading.ts'
import { summarizePoints, type PointSummary } from './point-summary.ts'

export function addPointsList(points: Command, context: CommandContext): void {
  addReadingOptions(points.command('list', { isDefault: true }))
    .description('list them, the newest last')
    .action(async (_options: unknown, command: Command) => {
      const { output } = context
      const { reading } = readingOf(command)
      const rows = await withRepository(
        context,
        async (agent) =>
          summarizePoints(
            agent.repositories,
            await listedPoints(context, agent, sourceOption(command)),
          ),
        // A list is of use without a passphrase, too.
        reading.passphraseFile === undefined ? {} : { reading },
      )
      for (const row of rows) output.event({ event: 'point', ...row })
      if (rows.length === 0)
        output.note('There is no recovery point yet. Make one with: backup run')
      else tableLines(rows, columnsOf(rows)).forEach(output.line)
    })
}

const columns = [
  { title: 'POINT', cell: (row: PointSummary) => row.pointId.slice(0, 12) },
  { title: 'SOURCE', cell: (row: PointSummary) => row.source },
  { title: 'TIME', cell: (row: PointSummary) => localTimeText(row.committedAt) },
  { title: 'FILES', cell: (row: PointSummary) => String(row.files ?? '-'), right: true },
  {
    title: 'SIZE',
    cell: (row: PointSummary) => (row.sizeBytes === null ? '-' : sizeText(row.sizeBytes)),
    right: true,
  },
  { title: 'TAGS', cell: (row: PointSummary) => row.tags.join(', ') || '-' },
  { title: 'RETAIN UNTIL', cell: (row: PointSummary) => localTimeText(row.retainUntil) },
  { title: 'STATE', cell: stateText },
]

/** Which repository is of interest from the first rotation of the key on. */
const columnsOf = (rows: readonly PointSummary[]) =>
  rows.every(({ repository }) => repository === 0)
    ? columns
    : [...columns, { title: 'REPOSITORY', cell: (row: PointSummary) => String(row.repository) }]

function stateText({ state, leftOut, deletedUntil }: PointSummary): string {
  if (deletedUntil !== null)
    return `deleted, can be taken back until ${localTimeText(deletedUntil)}`
  if (state === 'closed') return 'needs the passphrase'
  return state === 'incomplete' ? `incomplete, ${leftOut ?? 0} left out` : state
}
