/** `backup verify [--read-data] [--objects-only] [--point POINT]` */

import type { Command } from 'commander'
import { BackupError } from '../../base/errors.ts'
import { systemClock } from '../../base/clock.ts'
import type { Damage } from '../../agent/verify/damage-list.ts'
import type { JobFacts } from '../../agent/jobs/job.ts'
import type { OpenJob } from '../../agent/jobs/job-files.ts'
import { repositoryIdOf } from '../../agent/keys/epochs.ts'
import { verifyObjects } from '../../agent/verify/verify-objects.ts'
import { verifyPoints, type VerifyOptions, type VerifyResult } from '../../agent/verify/verify.ts'
import type { SourceName } from '../../model/ids.ts'
import type { PointFacts } from '../../repository/point-reader.ts'
import { createProgress } from '../render/progress.ts'
import { pathFields, pathOfNames } from '../render/shown-path.ts'
import { durationText, sizeText } from '../render/units.ts'
import type { CommandContext } from './context.ts'
import { chosenPoint, listedPoints } from './chosen-point.ts'
import { asJob } from './job.ts'
import { addLimitOptions, lineLimits } from './line.ts'
import {
  usualSource,
  withConnection,
  withRepository,
  type ConnectedAgent,
  type OpenAgent,
} from './open.ts'
import { sourceOption, stateOf } from './state-of.ts'
import { addReadingOptions, isPassphraseNamed, readingOf } from './reading.ts'

interface VerifyFlags {
  readonly readData?: boolean
  readonly objectsOnly?: boolean
  readonly point?: string
}

export function addVerify(program: Command, context: CommandContext): void {
  addReadingOptions(addLimitOptions(program.command('verify')))
    .description('prove that recovery points can be restored')
    .option('--read-data', 'read everything, not only trees')
    .option(
      '--objects-only',
      'only what needs no key: that the vault has all, as it was sent; so on a hardened machine without the passphrase',
    )
    .option('--point <point>', 'one point only: the beginning of its id, latest, or a time')
    .action(async (flags: VerifyFlags, command: Command) => {
      const source = sourceOption(command)
      const wanted = { flags, source }
      const limits = lineLimits(command)
      if (await isWithoutKey(context, flags, command)) {
        await withConnection(context, (agent) => verifyWithoutKey(context, agent, wanted), limits)
      } else {
        const options = { ...limits, ...readingOf(command) }
        await withRepository(context, (agent) => verifyWithKey(context, agent, wanted), options)
      }
    })
}

/** A hardened machine can look into nothing by a timer: it looks at what there is to see from outside. */
async function isWithoutKey(
  context: CommandContext,
  { objectsOnly }: VerifyFlags,
  command: Command,
): Promise<boolean> {
  if (objectsOnly === true) return true
  const registration = await stateOf(context.host).registration.load()
  if (registration?.hardened === undefined) return false
  return !(await isPassphraseNamed(context, registration, readingOf(command).reading))
}

interface Wanted {
  readonly flags: VerifyFlags
  readonly source: SourceName | undefined
}

const verifyWithKey = (context: CommandContext, agent: OpenAgent, wanted: Wanted): Promise<void> =>
  verify(context, agent, {
    ...wanted,
    checked: 'content',
    check: async (number, points, options) => {
      const { repository } = await agent.repositories.of(number)
      return verifyPoints(repository, points, options)
    },
  })

function verifyWithoutKey(
  context: CommandContext,
  agent: ConnectedAgent,
  wanted: Wanted,
): Promise<void> {
  const { connection, registration } = agent
  const repositoryId = repositoryIdOf(registration)
  return verify(context, agent, {
    ...wanted,
    checked: 'objects',
    check: (number, points, options) =>
      verifyObjects({ connection, number, repositoryId }, points, options),
  })
}

interface Verification extends Wanted {
  /** What is proven: that everything opens and has its place, or that objects are there and whole. */
  readonly checked: 'content' | 'objects'
  readonly check: (
    repository: number,
    points: readonly PointFacts[],
    options: VerifyOptions,
  ) => Promise<VerifyResult>
}

async function verify(
  context: CommandContext,
  agent: ConnectedAgent,
  verification: Verification,
): Promise<void> {
  const { source } = verification
  await agent.line.use(source ?? usualSource)
  const startedMs = systemClock.now()
  const points = await pointsToVerify(context, agent, verification)
  const result = await asJob(context, agent, {
    kind: { kind: 'verify', source: source ?? null },
    work: async (job) => {
      const verified = await check(context, points, {
        ...{ ...verification, job },
        newest: agent.registration.repository,
      })
      job.note(jobFactsOf(verified))
      return verified
    },
  })
  for (const damage of result.damages) sayDamage(context, damage)
  saySummary(context, result, { ...verification, durationMs: systemClock.now() - startedMs })
  if (result.damageCount > 0) throw foundDamage(result, verification)
}

async function pointsToVerify(
  context: CommandContext,
  agent: ConnectedAgent,
  { flags, source }: Wanted,
): Promise<readonly PointFacts[]> {
  const text = flags.point
  if (text !== undefined) return [await chosenPoint(context, agent, { text, source })]
  return listedPoints(context, agent, source)
}

/** One repository after another: older ones are those of before a rotation of the key. */
async function check(
  { output, host, signal }: CommandContext,
  points: readonly PointFacts[],
  { check: work, flags, job, newest }: Verification & Checking,
): Promise<VerifyResult> {
  const progress = createProgress(output, host.stderr)
  let sum = nothingVerified
  try {
    for (const repository of repositoriesOf(points, newest)) {
      const own = points.filter(({ commit }) => commit.repository === repository)
      const before = sum
      const result = await work(repository, own, {
        readData: flags.readData === true,
        isOlder: repository !== newest,
        signal,
        onProgress: ({ packs, packsToRead, files, bytesRead }) => {
          const what = files === 0 ? `pack ${packs} of ${packsToRead}` : 'trees'
          const all = { files: before.files + files, bytesRead: before.bytesRead + bytesRead }
          progress.update({ what, files: all.files, bytes: all.bytesRead })
          job.note(all)
        },
      })
      sum = sumOf(before, result)
    }
  } finally {
    progress.stop()
  }
  return sum
}

interface Checking {
  readonly job: OpenJob
  readonly newest: number
}

/** The newest one in any case: its key slots are looked at. */
const repositoriesOf = (points: readonly PointFacts[], newest: number): number[] =>
  [...new Set([...points.map(({ commit }) => commit.repository), newest])].sort((a, b) => a - b)

const nothingVerified: VerifyResult = {
  ...{ points: 0, objects: 0, packs: 0, packsToRead: 0, files: 0, directories: 0, bytesRead: 0 },
  ...{ damages: [], damageCount: 0, pathCount: 0 },
}

const sumOf = (a: VerifyResult, b: VerifyResult): VerifyResult => ({
  points: a.points + b.points,
  objects: a.objects + b.objects,
  packs: a.packs + b.packs,
  packsToRead: a.packsToRead + b.packsToRead,
  files: a.files + b.files,
  directories: a.directories + b.directories,
  bytesRead: a.bytesRead + b.bytesRead,
  damages: [...a.damages, ...b.damages],
  damageCount: a.damageCount + b.damageCount,
  pathCount: a.pathCount + b.pathCount,
})

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

function saySummary(
  { output }: CommandContext,
  result: VerifyResult,
  { checked, flags, durationMs }: Verification & { readonly durationMs: number },
): void {
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
    checked,
  })
  const read = `${sizeText(bytesRead)} read in ${durationText(durationMs)}`
  const looked = checked === 'content' ? `${files} files looked up, ` : ''
  output.line(`${points} points, ${objects} objects, ${looked}${read}.`)
  if (checked === 'objects') for (const line of objectsText(flags)) output.line(line)
  if (damageCount > 0) return
  output.line(checked === 'content' ? 'No damage was found.' : 'In that, no damage was found.')
}

const objectsText = ({ readData }: VerifyFlags): readonly string[] => [
  readData === true
    ? 'Checked without a key: the vault has every object that the points name, and each has the bytes that its name says.'
    : 'Checked without a key: the vault says that it has every object that the points name; their lists and manifests have the bytes that their names say.',
  'Not checked: that they open with the key, and that every piece of every file is in them. That needs the passphrase: backup verify --passphrase-file FILE',
]

const foundDamage = (
  { damageCount, pathCount }: VerifyResult,
  { checked }: Verification,
): BackupError =>
  new BackupError(
    'verification-failed',
    checked === 'content'
      ? `${damageCount} damaged or missing objects; ${pathCount} paths can not be restored as they were.`
      : `${damageCount} damaged or missing objects; ${pathCount} points need them.`,
    {
      hint: 'The vault\'s operator may have a copy of them: docs/operations.md, "Damaged objects".',
    },
  )
