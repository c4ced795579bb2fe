/** What `backup run` does: makes a recovery point of each source. */

import { hostname } from 'node:os'
import { join } from 'node:path'
import { systemRandom } from '../../base/bytes.ts'
import { systemClock } from '../../base/clock.ts'
import { BackupError } from '../../base/errors.ts'
import { captureFingerprint } from '../../agent/backup/capture.ts'
import { readOnlyJournal } from '../../agent/backup/dry-run.ts'
import { openPackJournal } from '../../agent/backup/pack-journal.ts'
import type { BackupRun } from '../../agent/backup/backup-run.ts'
import { runBackup, type RunResult } from '../../agent/backup/run.ts'
import { buildSelection } from '../../agent/backup/selection.ts'
import { startThread } from '../../agent/contents/lane.ts'
import { openIndexFiles } from '../../agent/cache/index-files.ts'
import { openSourceCache, type SourceCache } from '../../agent/cache/source-cache.ts'
import { socketPath } from '../../agent/daemon/local-socket.ts'
import { askWatcher } from '../../agent/journal/ask-watcher.ts'
import { learnAuthorities } from '../../agent/register/learn-authorities.ts'
import { noteServed } from '../../agent/schedule/due.ts'
import type { OpenJob } from '../../agent/jobs/job-files.ts'
import { registrationOf } from '../../agent/state/state.ts'
import type { SourcePolicy } from '../../agent/state/policy-state.ts'
import type { SourceName } from '../../model/ids.ts'
import { systemNames, type SystemName } from '../../model/manifest.ts'
import { splitPath } from '../../model/path.ts'
import { compressionLevel } from '../../policy/compression.ts'
import { defaultSelection } from '../../policy/selection.ts'
import { createProgress } from '../render/progress.ts'
import { version } from '../render/version.ts'
import type { CommandContext } from './context.ts'
import { agentOfEpoch, inCurrentEpoch } from './epoch.ts'
import { endOf, isWorthTelling, tellOfJobs } from './job.ts'
import { withHooks } from './hooks.ts'
import { tellOutcomes } from './notices.ts'
import { withRepository, type OpenAgent } from './open.ts'
import { stateOf } from './state-of.ts'
import { usualThreads } from './threads.ts'
import { tellMetrics } from './policy-metrics.ts'
import { beginJobs, endJobs, sayEnding } from './run-jobs.ts'
import { eachUnlocked } from './run-lock.ts'
import { factsOf, sayResult, shownPaths } from './run-report.ts'
import { sendRetention } from './send-retention.ts'
import { endOldRotation } from './rotation-end.ts'
import type { RunOptions } from './run-options.ts'
import { sourcesToRunNow } from './sources-to-run.ts'

export async function runNow(
  context: CommandContext,
  options: RunOptions,
  wanted: SourceName | undefined,
): Promise<void> {
  const retryForMs = options.wait
  const state = stateOf(context.host)
  if ((await registrationOf(state)).access !== 'full') throw readOnly()
  await endOldRotation(context, state)
  const sources = await sourcesToRunNow(state, wanted)
  sayEnding(context)
  const jobs = await beginJobs(context, state, options.dryRun === true ? [] : sources)
  const leftOut = new Map<SourceName, readonly string[]>()
  let failure: unknown
  const work = async (agent: OpenAgent) => {
    let current = await informedAgent(agent)
    try {
      await eachUnlocked(current, sources, async (held, [source, policy]) => {
        current = await inCurrentEpoch(context, held, options.dryRun === true)
        current = await runSource(context, current, {
          ...{ source, policy, options, leftOut, job: jobs.get(source) },
        })
        return current
      })
    } catch (error) {
      await endJobs(jobs, error)
      if (isWorthTelling(error)) await tellOfJobs(context, current)
      throw error
    } finally {
      current.heldKey.dispose()
    }
    if (jobs.size > 0) await tellOfJobs(context, current)
  }
  try {
    await withRepository(context, work, { ...options, renewFrom: 'half-life', retryForMs })
  } catch (error) {
    failure = error
    await endJobs(jobs, error)
    throw error
  } finally {
    await tellMetrics(context, state, [...jobs.keys()])
    const ended = [...jobs.values()].map(({ job }) => job)
    await tellOutcomes(context, state, { jobs: ended, failure, leftOut })
  }
}

/** Learns of a successor of the vault's authority in the year before it takes over. */
async function informedAgent(agent: OpenAgent): Promise<OpenAgent> {
  const { connection, registration, state } = agent
  const authorities = await learnAuthorities(connection, registration.authorities)
  if (authorities === registration.authorities) return agent
  const learned = { authorities: [...authorities] }
  // Another process may have renewed the certificate meanwhile.
  await state.registration.update((held) => ({ ...(held ?? registration), ...learned }))
  return { ...agent, registration: { ...registration, ...learned } }
}

const readOnly = (): BackupError =>
  new BackupError(
    'read-only',
    'This machine was recovered: it reads and restores, and makes no points.',
    {
      hint: 'To back it up, register it: backup register --vault-credentials FILE --replace',
    },
  )

interface SourceRun {
  readonly source: SourceName
  readonly policy: SourcePolicy
  readonly options: RunOptions
  /** None in a dry run. */
  readonly job: OpenJob | undefined
  /** Paths, for notices that tell them. */
  readonly leftOut: Map<SourceName, readonly string[]>
}

/** The agent as it is then: in a later epoch, if points turned out to be of one. */
async function runSource(
  context: CommandContext,
  given: OpenAgent,
  job: SourceRun,
): Promise<OpenAgent> {
  let agent = given
  const startedMs = systemClock.now()
  await agent.line.use(job.source)
  const progress = createProgress(context.output, context.host.stderr)
  context.output.note(`Backing up source ${job.source} …`)
  const cache = await cacheOf(context, agent, job)
  try {
    const { source } = job
    const { retention, hooks } = job.policy
    const isDry = job.options.dryRun === true
    const work = async () => {
      if (!isDry) await sendRetention(context, agent, { source, retention })
      const result = await runBackup(
        await backupRun(context, agent, {
          ...{ ...job, startedMs, cache, progress: progress.update },
          raiseEpoch: async (epoch) => (agent = await agentOfEpoch(context, agent, epoch)),
        }),
      )
      progress.stop()
      await keepAsWanted(agent, result, job.options)
      sayResult(context, { source, dryRun: isDry, result, startedMs })
      if (!isDry) await noteServed(agent.state, source, systemClock.now())
      return result
    }
    const hooked = { source, hooks: isDry ? undefined : hooks, jobId: job.job?.job.id }
    const result = await withHooks(context, hooked, work)
    job.leftOut.set(source, shownPaths(result))
    await job.job?.end(factsOf(result))
    return agent
  } catch (error) {
    await job.job?.end(endOf(error))
    throw error
  } finally {
    progress.stop()
    cache.close()
  }
}

async function keepAsWanted(
  { connection }: OpenAgent,
  { point }: RunResult,
  { keepUntil }: RunOptions,
): Promise<void> {
  if (point === undefined || keepUntil === undefined) return
  await connection.keepPoints([point.id], keepUntil)
}

const cacheOf = (
  { output }: CommandContext,
  { repository, state }: OpenAgent,
  { source, options }: SourceRun,
): Promise<SourceCache> =>
  openSourceCache({
    directory: join(state.paths.cache, 'sources', source),
    keys: repository.keys,
    random: systemRandom,
    isReadOnly: options.dryRun === true,
    say: output.detail,
  })

type RunParts = SourceRun & {
  readonly cache: SourceCache
  readonly startedMs: number
  readonly progress: ReturnType<typeof createProgress>['update']
  readonly raiseEpoch: BackupRun['raiseEpoch']
}

async function backupRun(
  context: CommandContext,
  { repository, registration, state, heldKey }: OpenAgent,
  { source, policy, options, job, startedMs, cache, progress, raiseEpoch }: RunParts,
): Promise<BackupRun> {
  const { host, output, signal } = context
  const heads = (await state.heads.load()) ?? {}
  const compacted = (await state.compacted.load()) ?? {}
  const journal = openPackJournal(state.paths.packJournal(source))
  const include = policy.include.map(({ bytes }) => bytes)
  return {
    repository,
    source,
    selection: { include, exclude: policy.exclude },
    selectionSettings: policy.selection ?? defaultSelection,
    ownCache: state.paths.cache,
    selectionTree: buildSelection(include.map((path) => splitPath(path))),
    capture: captureFingerprint(host.platform, host.getuid?.() === 0),
    heldKey,
    raiseEpoch,
    threads: options.threads ?? usualThreads(),
    startThread,
    level: compressionLevel(policy.compression),
    compaction: {
      lastMs: compacted[source] ?? 0,
      saveLast: async (lastMs) => {
        await state.compacted.update((held) => ({ ...held, [source]: lastMs }))
      },
    },
    journal: options.dryRun ? readOnlyJournal(journal) : journal,
    cache,
    watched: askWatcher(socketPath(state.directory, host.platform), source, policy),
    indexFiles: openIndexFiles(join(state.paths.cache, 'indexes'), systemRandom),
    authorities: registration.authorities,
    seen: heads[source],
    saveHead: async (head) => {
      await state.heads.update((held) => ({ ...held, [source]: head }))
    },
    host: { name: hostname(), agentVersion: version, system: systemOf(host.platform) },
    clock: systemClock,
    random: systemRandom,
    signal,
    startedMs,
    dryRun: options.dryRun === true,
    verifyAll: options.verifyAll === true,
    progress: ({ path, expectedFiles, ...facts }) => {
      const { files, bytesRead } = facts
      progress({ what: path, files, bytes: bytesRead, totalFiles: expectedFiles })
      job?.note(facts)
    },
    onTraffic: (traffic) => job?.note(traffic),
    warn: (message) => output.warn(`Warning: ${message}`),
  }
}

const systemOf = (platform: NodeJS.Platform): SystemName =>
  systemNames.find((name) => name === platform) ?? 'linux'
