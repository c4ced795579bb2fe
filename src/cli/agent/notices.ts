/**
 * What runs tell to those whom the policy names. A notice that can not be sent changes nothing of the run: it is said, kept
 * with its job, and `doctor` finds it.
 */

import { systemRandom, toHex } from '../../base/bytes.ts'
import { hourMs, systemClock } from '../../base/clock.ts'
import { messageOf } from '../../base/errors.ts'
import type { Job } from '../../agent/jobs/job.ts'
import { listJobs, noteNotice } from '../../agent/jobs/job-files.ts'
import { deliver, type Delivery } from '../../agent/notices/deliver.ts'
import type { Notice } from '../../agent/notices/notice.ts'
import { reasonOf } from '../../agent/notices/send-failure.ts'
import { missedTimeOf } from '../../agent/schedule/due.ts'
import type { Told } from '../../agent/state/notices-state.ts'
import type { AgentState } from '../../agent/state/state.ts'
import { parseSourceName, type SourceName } from '../../model/ids.ts'
import type { DueRun } from '../../policy/due.ts'
import type { NoticeKind, NoticeSettings } from '../../policy/notices.ts'
import type { CommandContext } from './context.ts'
import { lookNow } from './next-times.ts'

export interface EndedRuns {
  readonly jobs: readonly Job[]
  /** Why the last of them failed; undefined: none did. */
  readonly failure: unknown
  /** Paths that notices with details name, by source. */
  readonly leftOut: ReadonlyMap<SourceName, readonly string[]>
}

/** Each run's outcome, to those of its source. Never rejects. */
export async function tellOutcomes(
  context: CommandContext,
  state: AgentState,
  { jobs, failure, leftOut }: EndedRuns,
): Promise<void> {
  for (const job of jobs) {
    if (job.source === null) continue
    const error = job.outcome === 'failed' && failure !== undefined ? messageOf(failure) : null
    const details = { error, leftOut: leftOut.get(job.source) ?? [] }
    await undisturbed(context, () => tellOfJob(context, state, { job, details }))
  }
}

/**
 * What came before a run that is made up for: nobody began it when it was due, or whoever was at it is gone. That is found
 * out when this resolves, and told when `ended` does; neither rejects.
 */
export async function tellOfGap(
  context: CommandContext,
  state: AgentState,
  due: DueRun & { readonly source: string },
): Promise<{ readonly ended: Promise<void> }> {
  const source = parseSourceName(due.source)
  let found: () => Promise<void> = () => Promise.resolve()
  await undisturbed(context, async () => {
    const settings = (await state.loadPolicy())[source]?.notices
    if (settings === undefined) return
    const dead = await deadJob(state, source)
    const missedMs = await missedTimeOf(state, due, await lookNow(state))
    found = async () => {
      if (dead !== undefined) await tellOfJob(context, state, { job: dead, details: none })
      if (missedMs === undefined) return
      await tellMissed(context, state, { source, settings, missedMs })
    }
  })
  return { ended: undisturbed(context, found) }
}

/** The last run of the source, if its process ended without a word and nobody knows. */
async function deadJob(state: AgentState, source: SourceName): Promise<Job | undefined> {
  const jobs = await listJobs(state.paths.jobs)
  const last = jobs.find((job) => job.kind === 'backup' && job.source === source)
  const isDead = last?.outcome === 'interrupted' && last.endedAt === null
  return isDead && last.notice === undefined ? { ...last, errorCode: 'interrupted' } : undefined
}

const none = { error: null, leftOut: [] }

/** The ways that did not take it. */
export async function sendTest(
  context: CommandContext,
  state: AgentState,
  { source, settings }: { readonly source: SourceName; readonly settings: NoticeSettings },
): Promise<readonly Delivery[]> {
  const told = { source, settings, kind: 'test' } as const
  return (await send(context, state, told)).filter(({ failure }) => failure !== undefined)
}

interface ToldJob {
  readonly job: Job
  readonly details: NonNullable<Notice['details']>
}

/** So long the same failure is not told again: tries on schedule come every ten minutes. */
const repeatAfterMs = 20 * hourMs

async function tellOfJob(
  context: CommandContext,
  state: AgentState,
  { job, details }: ToldJob,
): Promise<void> {
  const source = job.source ?? undefined
  const kind = kindOf(job)
  if (source === undefined || kind === undefined) return
  const settings = (await state.loadPolicy())[source]?.notices
  if (settings === undefined) return
  const told = (await state.told.load())?.[source]
  if (kind !== 'failure') await noteTold(state, source, { failure: undefined })
  if (!settings.on.includes(kind)) return
  const { jobs } = state.paths
  if (kind === 'failure' && isRepeated(job, told)) {
    return noteNotice(jobs, job.id, { notice: 'repeated' })
  }
  const sent = await send(context, state, {
    ...{ source, settings, kind, run: factsOf(job) },
    ...(settings.details && { details }),
  })
  const failures = sent.flatMap(({ by, failure }) =>
    failure === undefined ? [] : [`${by}: ${failure}`],
  )
  if (failures.length > 0) {
    return noteNotice(jobs, job.id, { notice: 'failed', noticeFailure: failures.join('; ') })
  }
  await noteNotice(jobs, job.id, { notice: 'sent' })
  if (kind !== 'failure') return
  await noteTold(state, source, { failure: { error: errorOf(job), atMs: systemClock.now() } })
}

const errorOf = ({ errorCode }: Job): string => errorCode ?? 'internal'

function isRepeated(job: Job, told: Told | undefined): boolean {
  if (told?.failure?.error !== errorOf(job)) return false
  const agoMs = systemClock.now() - told.failure.atMs
  return agoMs >= 0 && agoMs < repeatAfterMs
}

/** Who ended a run by hand knows of it; one that another run was in the way of did not fail. */
function kindOf({ outcome, errorCode, endedAt }: Job): NoticeKind | undefined {
  switch (outcome) {
    case 'done':
      return 'success'
    case 'left-out':
      return 'warning'
    case 'failed':
      return errorCode === 'busy' ? undefined : 'failure'
    case 'interrupted':
      return endedAt === null ? 'failure' : undefined
    case 'running':
      return undefined
  }
}

const factsOf = (job: Job): Notice['run'] => ({
  ...{ job: job.id, error: job.errorCode, point: job.pointId, files: job.files },
  ...{ leftOut: job.leftOut, bytesRead: job.bytesRead, bytesSent: job.bytesSent },
  bytesStored: job.bytesStored,
  durationMs: (job.endedAt ?? job.startedAt) - job.startedAt,
})

/** Once for each scheduled time. */
async function tellMissed(
  context: CommandContext,
  state: AgentState,
  { source, settings, missedMs }: TellMissed,
): Promise<void> {
  const told = (await state.told.load())?.[source]
  if (!settings.on.includes('missed') || told?.missedMs === missedMs) return
  const sent = await send(context, state, { source, settings, kind: 'missed', missedMs })
  if (sent.every(({ failure }) => failure === undefined))
    await noteTold(state, source, { missedMs })
}

interface TellMissed {
  readonly source: SourceName
  readonly settings: NoticeSettings
  readonly missedMs: number
}

type SentNotice = Pick<Notice, 'kind' | 'missedMs' | 'run' | 'details'> & {
  readonly source: SourceName
  readonly settings: NoticeSettings
}

async function send(
  context: CommandContext,
  state: AgentState,
  { source, settings, ...said }: SentNotice,
): Promise<readonly Delivery[]> {
  const { host, output, signal } = context
  const { machineName = '', vaultName = '' } = (await state.registration.load()) ?? {}
  const timeMs = systemClock.now()
  const place = { source, machine: machineName, vault: vaultName }
  const notice = { ...said, ...place, id: toHex(systemRandom(16)), timeMs }
  const deliveries = await deliver(notice, settings, { env: host.env, signal })
  for (const delivery of deliveries) {
    const { by, host: to, failure } = delivery
    output.event({ event: 'notice', source, notice: said.kind, by, to, failure: failure ?? null })
    if (failure === undefined) output.note(`Told ${to} by ${by}: ${said.kind} of ${source}.`)
    else output.warn(`Warning: the notice by ${by} could not be sent to ${to}: ${failure}`)
  }
  const failed = deliveries.find(({ failure }) => failure !== undefined)
  const message = `${failed?.by ?? ''} to ${failed?.host ?? ''}: ${failed?.failure ?? ''}`
  const unsent = failed && { kind: said.kind, atMs: timeMs, message }
  await noteTold(state, source, { unsent })
  return deliveries
}

async function noteTold(state: AgentState, source: SourceName, change: Told): Promise<void> {
  await state.told.update((all = {}) => ({ ...all, [source]: { ...all[source], ...change } }))
}

async function undisturbed({ output }: CommandContext, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    output.warn(`Warning: notices could not be sent: ${reasonOf(error)}`)
  }
}
