/** `backup verify [--read-data] [--point POINT]` */

import type { Command } from 'commander'
import { BackupError } from '../../base/errors.ts'
import { systemClock } from '../../base/clock.ts'
import type { Damage } from '../../agent/verify/damage-list.ts'
import type { JobFacts } from '../../agent/jobs/job.ts'
import type { OpenJob } from '../../agent/jobs/job-files.ts'
import { verifyPoints, type VerifyResult } from '../../agent/verify/verify.ts'
import type { SourceName } from '../../model/ids.ts'
import { createProgress } from '../render/progress.ts'
import { pathFields, pathOfNames } from '../render/shown-path.ts'
import { durationText, sizeText } from '../render/units.ts'
import type { CommandContext } from './context.ts'
import { chosenPoint, listedPoints } from './chosen-point.ts'
import { asJob } from './job.ts'
import { addLimitOptions, lineLimits } from './line.ts'
import { usualSource, withRepository, type OpenAgent } from './open.ts'
import { sourceOption } from './state-of.ts'
import { addReadingOptions, readingOf } from './reading.ts'

interface VerifyFlags {
  readonly readData?: boolean
  readonly point?: string
}

export function addVerify(program: Command, context: CommandContext): void {
  addReadingOptions(addLimitOptions(program.command('verify')))
    .description('prove that recovery points can be restored')
    .option('--read-data', 'read and open everything, not only trees')
    .option('--point <point>', 'one point only: the beginning of its id, latest, or a time')
    .action(async (flags: VerifyFlags, command: Command) => {
      const work = async (agent: OpenAgent) => {
        await agent.line.use(sourceOption(command) ?? usualSource)
        const startedMs = systemClock.now()
        const points = await pointsToVerify(context, agent, {
          flags,
          source: sourceOption(command),
        })
        const source = sourceOption(command) ?? null
        const result = await asJob(context, agent, {
          kind: { kind: 'verify', source },
          work: async (job) => {
            const verified = await verify(context, agent, {
              ...{ points, readData: flags.readData === true, job },
            })
            job.note(jobFactsOf(verified))
            return verified
          },
        })
        for (const damage of result.damages) sayDamage(context, damage)
        saySummary(context, result, systemClock.now() - startedMs)
        if (result.damageCount > 0) throw foundDamage(result)
      }
      await withRepository(context, work, { ...lineLimits(command), ...readingOf(command) })
    })
}

/** Those whose keys this machine has. */
async function pointsToVerify(
  context: CommandContext,
  agent: OpenAgent,
  { flags, source }: { readonly flags: VerifyFlags; readonly source: SourceName | undefined },
) {
  const text = flags.point
  if (text !== undefined) return [await chosenPoint(context, agent, { text, source })]
  const points = await listedPoints(context, agent, source)
  return points.filter((point) => point.commit.repository === agent.repository.number)
}

async function verify(
  { output, host, signal }: CommandContext,
  { repository }: OpenAgent,
  {
    points,
    readData,
    job,
  }: {
    readonly points: Parameters<typeof verifyPoints>[1]
    readonly readData: boolean
    readonly job: OpenJob
  },
): Promise<VerifyResult> {
  const progress = createProgress(output, host.stderr)
  try {
    return await verifyPoints(repository, points, {
      readData,
      signal,
      onProgress: ({ packs, packsToRead, files, bytesRead }) => {
        const what = files === 0 ? `pack ${packs} of ${packsToRead}` : 'trees'
        progress.update({ what, files, bytes: bytesRead })
        job.note({ files, bytesRead })
      },
    })
  } finally {
    progress.stop()
  }
}

const jobFactsOf = ({ files, bytesRead, damageCount }: VerifyResult): JobFacts => ({
  ...{ files, bytesRead },
  ...(damageCount > 0 && { outcome: 'failed', errorCode: 'verification-failed' }),
})

function sayDamage({ output }: CommandContext, damage: Damage): void {
  const paths = damage.paths.map(({ point, system, path }) => ({
    pointId: point,
    ...pathFields(pathOfNames(path, system)),
  }))
  const { id, kind, message, pathCount } = damage
  output.event({ event: 'damage', id, kind, message, paths, pathCount })
  output.line(`Damaged ${kind} ${id}: ${message}`)
  for (const { pointId, path } of paths) output.line(`  ${pointId.slice(0, 12)}  ${path}`)
  if (pathCount > paths.length) output.line(`  and ${pathCount - paths.length} more`)
}

function saySummary({ output }: CommandContext, result: VerifyResult, durationMs: number): void {
  const { points, objects, packs, files, directories, bytesRead, damageCount, pathCount } = result
  output.event({
    event: 'summary',
    outcome: damageCount === 0 ? 'done' : 'damaged',
    points,
    objects,
    packs,
    files,
    directories,
    bytesRead,
    bytesSent: 0,
    damages: damageCount,
    paths: pathCount,
    durationMs,
  })
  const read = `${sizeText(bytesRead)} read in ${durationText(durationMs)}`
  output.line(`${points} points, ${objects} objects, ${files} files looked up, ${read}.`)
  if (damageCount === 0) output.line('No damage was found.')
}

const foundDamage = ({ damageCount, pathCount }: VerifyResult): BackupError =>
  new BackupError(
    'verification-failed',
    `${damageCount} damaged or missing objects; ${pathCount} paths can not be restored as they were.`,
    {
      hint: 'The vault\'s operator may have a copy of them: docs/operations.md, "Damaged objects".',
    },
  )
