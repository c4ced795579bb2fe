/** `backup history PATH`: each version of a file or directory that recovery points hold. */

import type { Command } from 'commander'
import { BackupError } from '../../base/errors.ts'
import type { Entry } from '../../model/entry.ts'
import { notFoundHint } from '../../model/path-text.ts'
import { isSameFile, sameContent } from '../../repository/compare-points.ts'
import type { PointFacts } from '../../repository/point-reader.ts'
import { localTimeText, sizeText } from '../render/units.ts'
import { listedPoints } from './chosen-point.ts'
import type { CommandContext } from './context.ts'
import { namesInPoint } from './names-in-point.ts'
import { withRepository, type OpenAgent } from './open.ts'
import { sourceOption } from './state-of.ts'
import { lookInto } from './opened-point.ts'
import { addReadingOptions, readingOf } from './reading.ts'

export function addHistory(program: Command, context: CommandContext): void {
  addReadingOptions(program.command('history'))
    .description('list the versions of a file or directory, and the recovery points that hold them')
    .argument('<path>', 'as it was on the machine')
    .action(async (path: string, _options: unknown, command: Command) => {
      const versions = await withRepository(
        context,
        (agent) => versionsOf(context, agent, { path, command }),
        readingOf(command),
      )
      if (versions.every(({ entry }) => entry === undefined)) throw nowhere(path)
      for (const version of versions) say(context, version)
    })
}

/** Points that follow each other and hold the same. */
interface Version {
  readonly entry: Entry | undefined
  readonly first: PointFacts
  readonly last: PointFacts
  readonly points: number
}

async function versionsOf(
  context: CommandContext,
  agent: OpenAgent,
  { path, command }: { readonly path: string; readonly command: Command },
): Promise<Version[]> {
  const versions: Version[] = []
  for (const facts of await listedPoints(context, agent, sourceOption(command))) {
    context.signal.throwIfAborted()
    const { manifest, tree } = await lookInto(context, agent, facts)
    const entry = await tree.find(manifest.root, namesInPoint(path, manifest.system, context.host))
    const before = versions.at(-1)
    const isSame =
      before?.first.source === facts.source && isSameVersion(before, { entry, last: facts })
    if (before !== undefined && isSame) {
      versions[versions.length - 1] = { ...before, entry, last: facts, points: before.points + 1 }
    } else versions.push({ entry, first: facts, last: facts, points: 1 })
  }
  return versions
}

type Held = Pick<Version, 'entry' | 'last'>

/**
 * A directory is another version when anything below it changed. Ids of two repositories say nothing: there a directory is
 * another version, and a file of the same size and time the same.
 */
function isSameVersion(before: Held, after: Held): boolean {
  const [a, b] = [before.entry, after.entry]
  if (a === undefined || b === undefined) return a === b
  const isOneKey = before.last.commit.repository === after.last.commit.repository
  if (!isOneKey && a.type === 'file' && b.type === 'file') return isSameFile(a, b)
  if (a.type === 'directory' && b.type === 'directory') return a.tree.id === b.tree.id
  return a.type === b.type && a.mtimeNs === b.mtimeNs && sameContent(a, b)
}

function say({ output }: CommandContext, { entry, first, last, points }: Version): void {
  const sizeBytes = entry?.type === 'file' ? entry.sizeBytes : null
  const modifiedAt = entry === undefined ? null : Number(entry.mtimeNs / 1_000_000n)
  output.event({
    ...{ event: 'version', source: first.source, type: entry?.type ?? null, sizeBytes, modifiedAt },
    ...{ firstPointId: first.id, lastPointId: last.id, points },
    ...{ firstAt: first.vaultTimeMs, lastAt: last.vaultTimeMs },
  })
  const what =
    modifiedAt === null
      ? 'not there'
      : `${sizeBytes === null ? (entry?.type ?? '') : sizeText(sizeBytes)}, changed ${localTimeText(modifiedAt)}`
  const range =
    points === 1
      ? localTimeText(first.vaultTimeMs)
      : `${localTimeText(first.vaultTimeMs)} to ${localTimeText(last.vaultTimeMs)} (${points} points)`
  output.line(`${last.id.slice(0, 12)}  ${first.source}  ${range}: ${what}`)
}

const nowhere = (path: string): BackupError =>
  new BackupError('not-found', `No recovery point holds ${path}.`, {
    hint: notFoundHint(
      path,
      'Paths are written as they were on the machine. Search by name with: backup find NAME --all',
    ),
  })
