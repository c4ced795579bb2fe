/** What commands do as jobs: kept on this machine, and told to the vault. */

import { systemRandom } from '../../base/bytes.ts'
import { systemClock } from '../../base/clock.ts'
import { BackupError, errorCodeOf } from '../../base/errors.ts'
import type { Job, JobFacts } from '../../agent/jobs/job.ts'
import { beginJob, listJobs, noteTold, type OpenJob } from '../../agent/jobs/job-files.ts'
import type { RestoreResult } from '../../agent/restore/report.ts'
import type { AgentState } from '../../agent/state/state.ts'
import type { RunReport } from '../../protocol/messages.ts'
import { version } from '../render/version.ts'
import type { CommandContext } from './context.ts'
import type { ConnectedAgent } from './open.ts'
import { tellVault } from './run-report.ts'

type JobKind = Pick<Job, 'kind' | 'source'>

export async function beginNamedJob(
  { output }: CommandContext,
  state: AgentState,
  kind: JobKind,
): Promise<OpenJob> {
  const place = { directory: state.paths.jobs, clock: systemClock }
  const open = await beginJob(place, { ...kind, random: systemRandom })
  output.event({ event: 'job', id: open.job.id, kind: kind.kind, source: kind.source })
  return open
}

/** How a job ended that came to its end by itself, or by an error. */
export const endOf = (error: unknown): JobFacts => {
  const errorCode = errorCodeOf(error) ?? 'internal'
  const isInterrupted = ['interrupted', 'terminated'].includes(errorCode)
  return { outcome: isInterrupted ? 'interrupted' : 'failed', errorCode }
}

/** A restoration or a verification as a job. */
export async function asJob<T>(
  context: CommandContext,
  agent: ConnectedAgent,
  { kind, work }: { readonly kind: JobKind; readonly work: (job: OpenJob) => Promise<T> },
): Promise<T> {
  const open = await beginNamedJob(context, agent.state, kind)
  open.note({ phase: 'working' })
  let result: T
  try {
    result = await work(open)
  } catch (error) {
    await open.end(endOf(error))
    if (isWorthTelling(error)) await tellOfJobs(context, agent)
    throw error
  }
  await open.end({ outcome: open.job.outcome === 'running' ? 'done' : open.job.outcome })
  await tellOfJobs(context, agent)
  return result
}

/** How far a restoration has come. */
export const restoreFacts = ({
  files,
  bytesRestored,
  failureCount,
  ownersKept,
}: RestoreResult): JobFacts => ({
  ...{ files, bytesRead: bytesRestored, leftOut: failureCount + ownersKept },
})

/** A vault that could not be reached for long is not waited for as long again. */
export const isWorthTelling = (error: unknown): boolean =>
  !(error instanceof BackupError && error.exit === 'unreachable')

const mostTold = 20

/** Of all that have ended and that the vault has not heard of: an interrupted one could not tell. */
export async function tellOfJobs(context: CommandContext, agent: ConnectedAgent): Promise<void> {
  if (agent.registration.access !== 'full') return
  const { jobs } = agent.state.paths
  const untold = (await listJobs(jobs)).filter(
    ({ isTold, outcome }) => !isTold && outcome !== 'running',
  )
  for (const job of untold.slice(0, mostTold)) {
    if (context.signal.aborted) return
    if (await tellVault(context, agent, { id: job.id, report: reportOf(job) })) {
      await noteTold(jobs, job)
    }
  }
}

const reportOf = (job: Job): RunReport => ({
  ...{ kind: job.kind, source: job.source, startedAt: job.startedAt, endedAt: job.endedAt },
  ...{ outcome: job.outcome, errorCode: job.errorCode, pointId: job.pointId, files: job.files },
  ...{ bytesRead: job.bytesRead, bytesSent: job.bytesSent, bytesStored: job.bytesStored },
  ...{ leftOut: job.leftOut, agentVersion: version },
})
