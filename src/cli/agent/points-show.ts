/** `backup points show POINT [--left-out]` */

import type { Command } from 'commander'
import { readLeftOut, type LeftOutItem } from '../../model/left-out.ts'
import type { Manifest } from '../../model/manifest.ts'
import { createChunkReader } from '../../repository/chunk-reader.ts'
import { loadIndexSet } from '../../repository/index-set.ts'
import { readManifest, type PointFacts } from '../../repository/point-reader.ts'
import type { Repository } from '../../repository/repository.ts'
import { pathFields } from '../render/shown-path.ts'
import { localTimeText, sizeText } from '../render/units.ts'
import type { CommandContext } from './context.ts'
import { summarize } from './point-summary.ts'
import { chosenPoint } from './chosen-point.ts'
import { withRepository } from './open.ts'
import { sourceOption } from './state-of.ts'
import { addReadingOptions, readingOf } from './reading.ts'

export function addPointsShow(points: Command, context: CommandContext): void {
  addReadingOptions(points.command('show'))
    .description('what is known of one point')
    .argument('<point>', 'the beginning of its id, latest, or a time')
    .option('--left-out', 'list what could not be backed up')
    .action(async (text: string, options: { leftOut?: boolean }, command: Command) => {
      await withRepository(
        context,
        async (agent) => {
          const point = await chosenPoint(context, agent, { text, source: sourceOption(command) })
          const { repository } = await agent.repositories.of(point.commit.repository)
          const manifest = await readManifest(repository, point)
          if (options.leftOut === true) await sayLeftOut(context, repository, manifest)
          else sayPoint(context, point, manifest)
        },
        readingOf(command),
      )
    })
}

function sayPoint({ output }: CommandContext, point: PointFacts, manifest: Manifest): void {
  const include = manifest.selection.include.map(pathFields)
  output.event({
    event: 'point',
    ...summarize(point, manifest),
    include: include.map(({ path }) => path),
    exclude: manifest.selection.exclude,
    hostName: manifest.hostName,
    system: manifest.system,
    agentVersion: manifest.agentVersion,
    startedAt: manifest.startedMs,
    endedAt: manifest.endedMs,
    objects: point.commit.objectCount,
    objectBytes: point.commit.objectBytes,
  })
  const { files, directories, others, fileBytes } = manifest.statistics
  const facts: [string, string][] = [
    ['Point', point.id],
    ['Source', `${point.source}, number ${point.seq}`],
    ['Time', localTimeText(point.vaultTimeMs)],
    ['Run', `${localTimeText(manifest.startedMs)} to ${localTimeText(manifest.endedMs)}`],
    ['Machine', `${manifest.hostName} (${manifest.system}, agent ${manifest.agentVersion})`],
    ['Include', include.map(({ path }) => path).join(', ')],
    ['Exclude', manifest.selection.exclude.join(', ') || '-'],
    ['Files', `${files}, ${sizeText(fileBytes)}`],
    ['Directories', String(directories)],
    ['Others', String(others)],
    ['At the vault', `${point.commit.objectCount} objects, ${sizeText(point.commit.objectBytes)}`],
    ['Tags', point.tags.join(', ') || '-'],
    ['Retain until', localTimeText(point.retainUntilMs)],
    ['Locked until', localTimeText(point.lockUntilMs)],
    ...deletedFact(point),
    [
      'Left out',
      manifest.leftOutCount === 0 ? 'nothing' : `${manifest.leftOutCount} (--left-out lists them)`,
    ],
  ]
  for (const [name, value] of facts) output.line(`${`${name}:`.padEnd(15)}${value}`)
}

const deletedFact = ({ deletedUntilMs }: PointFacts): [string, string][] =>
  deletedUntilMs === null
    ? []
    : [['Deleted', `can be taken back until ${localTimeText(deletedUntilMs)}`]]

async function sayLeftOut(
  { output, signal }: CommandContext,
  repository: Repository,
  manifest: Manifest,
): Promise<void> {
  const ids = manifest.leftOutPages.length === 0 ? [] : manifest.indexes.map((index) => index.id)
  const chunks = createChunkReader(repository, await loadIndexSet(repository, ids), { signal })
  for await (const item of readLeftOut(manifest, (reference) => chunks.load(reference, 4))) {
    const { reason, detail, kept } = item
    output.event({ event: 'left-out', ...pathFields(item.path), reason, detail, kept })
    output.line(`${pathFields(item.path).path}: ${reason}${detailText(item)}${keptText[kept]}`)
  }
  if (manifest.leftOutCount === 0) output.note('Nothing was left out.')
}

const detailText = ({ detail }: LeftOutItem): string => (detail === '' ? '' : `: ${detail}`)

const keptText = {
  nothing: '',
  earlier: ' (its earlier state is kept)',
  read: ' (what was read is kept)',
} as const
