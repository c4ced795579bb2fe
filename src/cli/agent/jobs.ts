/** `backup jobs`, `backup jobs show ID`, `backup cancel [ID]` */

import type { Command } from 'commander'
import { BackupError } from '../../base/errors.ts'
import { sleep } from '../../base/flow.ts'
import type { Job } from '../../agent/jobs/job.ts'
import { findJob, listJobs, tellToEnd } from '../../agent/jobs/job-files.ts'
import type { SourceName } from '../../model/ids.ts'
import { tableLines } from '../render/table.ts'
import { durationText, localTimeText, sizeText } from '../render/units.ts'
import type { CommandContext } from './context.ts'
import { sourceOption, stateOf } from './state-of.ts'

export function addJobs(program: Command, context: CommandContext): void {
  const jobs = program.command('jobs').description('runs, restorations and verifications')
  jobs
    .command('list', { isDefault: true })
    .description('list them, the newest last')
    .action((_options: unknown, command: Command) => list(context, sourceOption(command)))
  jobs
    .command('show')
    .description('all that is known of one')
    .argument('<id>', 'its beginning is enough')
    .action((id: string) => show(context, id))
  program
    .command('cancel')
    .description('end a job: what it has sent is kept and used by the next run')
    .argument('[id]', 'none: the one that goes on')
    .action((id: string | undefined, _options: unknown, command: Command) =>
      cancel(context, id, sourceOption(command)),
    )
}

const jobsOf = async ({ host }: CommandContext, source: SourceName | undefined): Promise<Job[]> =>
  (await listJobs(stateOf(host).paths.jobs)).filter((job) => (source ?? job.source) === job.source)

async function list(context: CommandContext, source: SourceName | undefined): Promise<void> {
  const { output } = context
  const jobs = (await jobsOf(context, source)).reverse()
  for (const job of jobs) output.event({ event: 'job', ...shown(job) })
  if (jobs.length === 0) output.note('There was no job yet.')
  else tableLines(jobs, columns).forEach(output.line)
}

const timeOf = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())

const shown = ({ isTold, startedAt, endedAt, ...facts }: Job) => ({
  ...{ ...facts, startedAt: timeOf(startedAt), endedAt: timeOf(endedAt), toldVault: isTold },
})

const outcomeText = ({ outcome, errorCode }: Job): string =>
  errorCode === null || outcome === 'interrupted' ? outcome : `${outcome}: ${errorCode}`

const columns = [
  { title: 'JOB', cell: ({ id }: Job) => id.slice(0, 12) },
  { title: 'KIND', cell: ({ kind }: Job) => kind },
  { title: 'SOURCE', cell: ({ source }: Job) => source ?? '-' },
  { title: 'STARTED', cell: ({ startedAt }: Job) => localTimeText(startedAt) },
  {
    title: 'TOOK',
    cell: ({ startedAt, endedAt }: Job) =>
      endedAt === null ? '-' : durationText(endedAt - startedAt),
    right: true,
  },
  { title: 'SENT', cell: ({ bytesSent }: Job) => sizeText(bytesSent), right: true },
  { title: 'OUTCOME', cell: outcomeText },
]

async function show(context: CommandContext, text: string): Promise<void> {
  const { output, host } = context
  const job = await findJob(stateOf(host).paths.jobs, text)
  output.event({ event: 'job', ...shown(job) })
  const { id, kind, source, startedAt, endedAt, phase, pointId } = job
  output.line(`Job       ${id}`)
  output.line(`Kind      ${kind}${source === null ? '' : ` of ${source}`}`)
  output.line(`Started   ${localTimeText(startedAt)}`)
  if (endedAt !== null) output.line(`Ended     ${localTimeText(endedAt)}`)
  output.line(`Outcome   ${outcomeText(job)}${job.outcome === 'running' ? ` (${phase})` : ''}`)
  if (job.notice !== undefined) {
    const why = job.noticeFailure === undefined ? '' : `: ${job.noticeFailure}`
    output.line(`Notice    ${job.notice}${why}`)
  }
  if (pointId !== null) output.line(`Point     ${pointId}`)
  output.line(`Files     ${job.files}, ${job.leftOut} left out`)
  const { bytesRead, bytesSent, bytesStored } = job
  output.line(
    `Bytes     ${sizeText(bytesRead)} read, ${sizeText(bytesSent)} sent, ${sizeText(bytesStored)} stored`,
  )
}

const patienceMs = 60_000
const lookEveryMs = 100

/** @throws BackupError `usage`, `not-found`, `busy` where it does not end in time */
async function cancel(
  context: CommandContext,
  text: string | undefined,
  source: SourceName | undefined,
): Promise<void> {
  const { output, host, signal } = context
  const { jobs } = stateOf(host).paths
  const job = text === undefined ? await onlyRunning(context, source) : await findJob(jobs, text)
  if (job.outcome !== 'running' || !tellToEnd(jobs, job)) {
    output.line(`Job ${job.id.slice(0, 12)} has ended already: ${outcomeText(job)}`)
    return
  }
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += lookEveryMs) {
    const now = await findJob(jobs, job.id)
    if (now.outcome !== 'running') {
      output.event({ event: 'job', ...shown(now) })
      output.line(`Job ${job.id.slice(0, 12)} has ended: ${outcomeText(now)}`)
      return
    }
    await sleep(lookEveryMs, signal)
  }
  throw new BackupError('busy', `Job ${job.id.slice(0, 12)} was told to end, and goes on.`, {
    hint: `Its process is ${job.pid}.`,
  })
}

async function onlyRunning(context: CommandContext, source: SourceName | undefined): Promise<Job> {
  const running = (await jobsOf(context, source)).filter(({ outcome }) => outcome === 'running')
  const [only] = running
  if (only !== undefined && running.every(({ pid }) => pid === only.pid)) return only
  if (only === undefined) throw new BackupError('not-found', 'No job goes on.')
  throw new BackupError('usage', 'More than one job goes on: say which.', {
    hint: 'backup jobs lists them.',
  })
}
