/** The jobs of a run: one for each source. */

import type { OpenJob } from '../../agent/jobs/job-files.ts'
import type { AgentState } from '../../agent/state/state.ts'
import type { SourcePolicy } from '../../agent/state/policy-state.ts'
import type { SourceName } from '../../model/ids.ts'
import type { CommandContext } from './context.ts'
import { beginNamedJob, endOf } from './job.ts'

type RunJobs = ReadonlyMap<SourceName, OpenJob>

/** One for each source, before the vault is asked for anything: a run that waits for it is one, too. */
export async function beginJobs(
  context: CommandContext,
  state: AgentState,
  sources: readonly (readonly [SourceName, SourcePolicy])[],
): Promise<RunJobs> {
  const jobs = new Map<SourceName, OpenJob>()
  for (const [source] of sources) {
    jobs.set(source, await beginNamedJob(context, state, { kind: 'backup', source }))
  }
  return jobs
}

/** What is on its way is brought to its end first: whoever waits should know. */
export function sayEnding({ output, signal }: CommandContext): void {
  const say = () => {
    output.event({ event: 'ending' })
    output.note('What is on its way is still sent; ended once more, it ends at once.')
  }
  signal.addEventListener('abort', say, { once: true })
}

/** Those that have not come to their end. */
export async function endJobs(jobs: RunJobs, error: unknown): Promise<void> {
  for (const { job, end } of jobs.values()) if (job.endedAt === null) await end(endOf(error))
}
