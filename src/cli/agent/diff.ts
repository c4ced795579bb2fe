/** `backup diff POINT POINT` */

import type { Command } from 'commander'
import { comparePoints, type PointDifference } from '../../repository/compare-points.ts'
import { pathFields, pathOfNames } from '../render/shown-path.ts'
import { chosenPoint } from './chosen-point.ts'
import type { CommandContext } from './context.ts'
import { withRepository, type OpenAgent } from './open.ts'
import { sourceOption } from './state-of.ts'
import { lookInto, type OpenedPoint } from './opened-point.ts'
import { addReadingOptions, readingOf } from './reading.ts'

export function addDiff(program: Command, context: CommandContext): void {
  addReadingOptions(program.command('diff'))
    .description('say what changed from one recovery point to another')
    .argument('<before>', 'the beginning of its id, latest, or a time')
    .argument('<after>', 'the same')
    .addHelpText('after', legend)
    .action(async (before: string, after: string, _options: unknown, command: Command) => {
      await withRepository(
        context,
        async (agent) => {
          const sides = [
            await opened(context, agent, { text: before, command }),
            await opened(context, agent, { text: after, command }),
          ] as const
          await compare(context, ...sides)
        },
        readingOf(command),
      )
    })
}

const legend = `
+ added   - removed   M other content   m other attributes or times   T another type
`

async function opened(
  context: CommandContext,
  agent: OpenAgent,
  { text, command }: { readonly text: string; readonly command: Command },
): Promise<OpenedPoint> {
  const source = sourceOption(command)
  return lookInto(context, agent, await chosenPoint(context, agent, { text, source }))
}

type Counts = Record<PointDifference['kind'], number>

async function compare(
  context: CommandContext,
  before: OpenedPoint,
  after: OpenedPoint,
): Promise<void> {
  const { output, signal } = context
  if (before.facts.commit.repository !== after.facts.commit.repository) {
    output.note(
      'The key was changed between these points: files of the same size and time count as the same.',
    )
  }
  const counts: Counts = { added: 0, removed: 0, content: 0, metadata: 0, type: 0 }
  for await (const difference of comparePoints(sideOf(before), sideOf(after))) {
    signal.throwIfAborted()
    counts[difference.kind]++
    say(context, after, difference)
  }
  output.event({ event: 'summary', before: before.facts.id, after: after.facts.id, ...counts })
  const { added, removed, content, metadata, type } = counts
  output.note(
    `${added} added, ${removed} removed, ${content} with other content, ${metadata} with other attributes, ${type} of another type.`,
  )
}

const sideOf = ({ facts, manifest, tree }: OpenedPoint) => ({
  ...{ root: manifest.root, tree },
  repository: facts.commit.repository,
})

const marks: Readonly<Record<PointDifference['kind'], string>> = {
  added: '+',
  removed: '-',
  content: 'M',
  metadata: 'm',
  type: 'T',
}

function say(
  { output }: CommandContext,
  { manifest }: OpenedPoint,
  { names, kind, before, after }: PointDifference,
): void {
  const path = pathFields(pathOfNames(names, manifest.system))
  const size = (entry: typeof before) => (entry?.type === 'file' ? entry.sizeBytes : null)
  output.event({
    ...{ event: 'difference', kind, ...path, type: (after ?? before)?.type },
    ...{ sizeBefore: size(before), sizeAfter: size(after) },
  })
  const slash = (after ?? before)?.type === 'directory' ? '/' : ''
  output.line(`${marks[kind]}  ${path.path}${slash}`)
}
