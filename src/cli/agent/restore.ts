/** `backup restore --point POINT [PATH…] --to DIR` */

import type { Command } from 'commander'
import { resolve } from 'node:path'
import { systemRandom } from '../../base/bytes.ts'
import { systemClock } from '../../base/clock.ts'
import { planRestore, type ReadablePoint, type RestorePlan } from '../../agent/restore/plan.ts'
import { refuseConflicts, restorePoint } from '../../agent/restore/restore.ts'
import type { FailedPart, RestoreFailure, RestoreResult } from '../../agent/restore/report.ts'
import { systemCalls } from '../../agent/system/open.ts'
import type { Manifest } from '../../model/manifest.ts'
import { splitPath } from '../../model/path.ts'
import { toDisplay } from '../../model/path-text.ts'
import { createChunkReader, type ChunkReader } from '../../repository/chunk-reader.ts'
import { openPoint, type PointFacts } from '../../repository/point-reader.ts'
import { createTreeReader } from '../../repository/tree-reader.ts'
import { createProgress, type ProgressState } from '../render/progress.ts'
import { pathFields, pathOfNames } from '../render/shown-path.ts'
import { durationText, sizeText } from '../render/units.ts'
import type { CommandContext } from './context.ts'
import { namesInPoint } from './names-in-point.ts'
import { chosenPoint } from './chosen-point.ts'
import { sourceOption, withRepository } from './open.ts'

interface RestoreFlags {
  readonly point: string
  readonly to: string
  readonly strip?: boolean
  readonly dryRun?: boolean
}

export function addRestore(program: Command, context: CommandContext): void {
  program
    .command('restore')
    .description('restore a recovery point, or parts of it, into a directory')
    .argument('[paths...]', 'directories and files as they were on the machine; none: everything')
    .requiredOption('--point <point>', 'the beginning of its id, latest, or a time')
    .requiredOption('--to <directory>', 'where to; the paths are put beneath it, whole')
    .option('--strip', 'put the contents of the paths straight into the directory')
    .option('--dry-run', 'say what would be made, and make nothing')
    .action(async (paths: readonly string[], flags: RestoreFlags, command: Command) => {
      await withRepository(context, async (agent) => {
        const facts = await chosenPoint(context, agent, {
          text: flags.point,
          source: sourceOption(command),
        })
        const { manifest, index } = await openPoint(agent.repository, facts)
        const chunks = createChunkReader(agent.repository, index, context)
        const point: ReadablePoint = {
          root: manifest.root,
          include: manifest.selection.include.map(splitPath),
          tree: createTreeReader(chunks),
        }
        const plan = await planRestore(point, {
          paths: paths.map((path) => namesInPoint(path, manifest.system, context.host)),
          strip: flags.strip === true,
        })
        const totals = paths.length === 0 ? totalsOf(manifest) : {}
        const to = resolve(context.host.cwd(), flags.to)
        const restore: Restore = { facts, manifest, point, plan, chunks, to, totals }
        if (flags.dryRun === true) await sayPlan(context, restore)
        else await carryOut(context, restore)
      })
    })
}

interface Restore {
  readonly facts: PointFacts
  readonly manifest: Manifest
  readonly point: ReadablePoint
  readonly plan: RestorePlan
  readonly chunks: ChunkReader
  readonly to: string
  /** What there is to restore, as far as that is known before. */
  readonly totals: Pick<ProgressState, 'totalFiles' | 'totalBytes'>
}

const totalsOf = ({ statistics }: Manifest) => ({
  totalFiles: statistics.files,
  totalBytes: statistics.fileBytes,
})

async function sayPlan({ output, signal }: CommandContext, { plan, to }: Restore): Promise<void> {
  await refuseConflicts(plan, { to, signal })
  for await (const item of plan.items({ signal })) {
    if (item.kind === 'end') continue
    if (item.kind === 'unreadable') throw item.error
    const { entry } = item
    const sizeBytes = entry.type === 'file' ? entry.sizeBytes : null
    const place = pathFields(Buffer.concat(item.place.flatMap((name) => [Buffer.from('/'), name])))
    output.event({ event: 'item', action: 'create', ...place, type: entry.type, sizeBytes })
    output.line(`${entry.type.padEnd(9)}  ${to}${place.path}`)
  }
}

async function carryOut(context: CommandContext, restore: Restore): Promise<void> {
  const { output, host, signal } = context
  const { point, plan, to } = restore
  const startedMs = systemClock.now()
  const progress = createProgress(output, host.stderr)
  try {
    const result = await restorePoint(point, plan, {
      to,
      chunks: restore.chunks,
      system: systemCalls(),
      random: systemRandom,
      nowMs: startedMs,
      signal,
      observer: {
        onProgress: ({ files, bytesRestored }) => {
          progress.update({ what: to, files, bytes: bytesRestored, ...restore.totals })
        },
        onFailure: (failure) => {
          progress.stop()
          sayFailure(context, failure, restore.manifest)
        },
      },
    })
    progress.stop()
    saySummary(context, restore, { result, durationMs: systemClock.now() - startedMs })
  } finally {
    progress.stop()
  }
}

function sayFailure(
  { output }: CommandContext,
  failure: RestoreFailure,
  { system }: Manifest,
): void {
  const place = pathFields(pathOfNames(failure.path, system))
  const part = partText(failure.part)
  const { code, message } = failure
  output.event({ event: 'failure', ...place, part, code, message })
  if (!output.json) output.warn(`${place.path}: ${part}: ${message}`)
}

const partText = (part: FailedPart): string =>
  part.kind === 'xattr' ? `attribute ${toDisplay(part.name)}` : part.kind

interface Done {
  readonly result: RestoreResult
  readonly durationMs: number
}

function saySummary(context: CommandContext, restore: Restore, { result, durationMs }: Done): void {
  const { output, endAs } = context
  const leftOut = result.failureCount + result.ownersKept
  if (leftOut > 0) endAs('left-out')
  if (result.ownersKept > 0) {
    const text = `${result.ownersKept} files and directories belong to you now: only root can give them back to their owners.`
    output.warn(text)
  }
  output.event({
    event: 'summary',
    outcome: leftOut > 0 ? 'left-out' : 'done',
    pointId: restore.facts.id,
    files: result.files,
    directories: result.directories,
    others: result.others,
    hardLinks: result.hardLinks,
    bytesRead: restore.chunks.bytesFetched,
    bytesSent: 0,
    bytesStored: result.bytesRestored,
    leftOut,
    ownersKept: result.ownersKept,
    durationMs,
  })
  const counts = `${result.files} files, ${result.directories} directories, ${result.others} others`
  output.line(
    `Restored ${counts}, ${sizeText(result.bytesRestored)}, to ${restore.to} in ${durationText(durationMs)}.`,
  )
  if (result.failureCount > 0)
    output.line(`${result.failureCount} things could not be restored; they are named above.`)
}
