/** `backup find PATTERN [--point POINT | --all]` */

import { Option, type Command } from 'commander'
import { BackupError } from '../../base/errors.ts'
import { createNamePattern, type NamePattern } from '../../policy/name-pattern.ts'
import { entriesBelow, type PlacedEntry } from '../../repository/entries-below.ts'
import { pathFields, pathOfNames } from '../render/shown-path.ts'
import { localTimeText, sizeText } from '../render/units.ts'
import { chosenPoint, listedPoints } from './chosen-point.ts'
import type { CommandContext } from './context.ts'
import { withRepository, type OpenAgent } from './open.ts'
import { sourceOption } from './state-of.ts'
import { lookInto, type OpenedPoint } from './opened-point.ts'
import { addReadingOptions, readingOf } from './reading.ts'

interface FindOptions {
  readonly point?: string
  readonly all?: true
}

export function addFind(program: Command, context: CommandContext): void {
  addReadingOptions(program.command('find'))
    .description('find files and directories in recovery points, by a pattern as in .gitignore')
    .argument('<pattern>', "a name, a path from the root on, or with *, ? and **: '*.pdf'")
    .option('--point <point>', 'the beginning of its id, latest, or a time', 'latest')
    .addOption(new Option('--all', 'look into every recovery point').conflicts('point'))
    .action(async (pattern: string, options: FindOptions, command: Command) => {
      const wanted = createNamePattern(pattern)
      const found = await withRepository(
        context,
        async (agent) => {
          let count = 0
          for (const facts of await pointsOf(context, agent, { options, command })) {
            count += await findIn(context, await lookInto(context, agent, facts), wanted)
          }
          return count
        },
        readingOf(command),
      )
      if (found === 0) throw nothingFound(pattern)
    })
}

async function pointsOf(
  context: CommandContext,
  agent: OpenAgent,
  { options, command }: { readonly options: FindOptions; readonly command: Command },
) {
  const source = sourceOption(command)
  if (options.all === true) return listedPoints(context, agent, source)
  return [await chosenPoint(context, agent, { text: options.point ?? 'latest', source })]
}

async function findIn(
  context: CommandContext,
  point: OpenedPoint,
  wanted: NamePattern,
): Promise<number> {
  let count = 0
  for await (const placed of entriesBelow(point.tree, point.manifest.root)) {
    context.signal.throwIfAborted()
    if (!wanted.fits(placed.names, placed.entry.type === 'directory')) continue
    count++
    say(context, point, placed)
  }
  return count
}

function say(
  { output }: CommandContext,
  { facts, manifest }: OpenedPoint,
  { names, entry }: PlacedEntry,
): void {
  const path = pathFields(pathOfNames(names, manifest.system))
  const sizeBytes = entry.type === 'file' ? entry.sizeBytes : null
  const modifiedAt = Number(entry.mtimeNs / 1_000_000n)
  output.event({
    ...{ event: 'found', pointId: facts.id, ...path },
    ...{ type: entry.type, sizeBytes, modifiedAt, mtimeNs: String(entry.mtimeNs) },
  })
  const size = sizeBytes === null ? '-' : sizeText(sizeBytes)
  output.line(
    `${facts.id.slice(0, 12)}  ${size.padStart(10)}  ${localTimeText(modifiedAt)}  ${path.path}`,
  )
}

const nothingFound = (pattern: string): BackupError =>
  new BackupError('not-found', `Nothing fits ${pattern}.`, {
    hint: "A pattern without a slash fits names at any depth: '*.pdf'. Look into every point with --all.",
  })
