/** `backup policy metrics set|clear`: where what the last run came to is written for Prometheus. */

import type { Command } from 'commander'
import { messageOf } from '../../base/errors.ts'
import { listJobs } from '../../agent/jobs/job-files.ts'
import { metricsText, writeMetrics } from '../../agent/jobs/metrics.ts'
import { changeSource } from '../../agent/state/change-policy.ts'
import type { AgentState } from '../../agent/state/state.ts'
import { parseSourceName, type SourceName } from '../../model/ids.ts'
import { parseMetricsFile } from '../../policy/metrics-words.ts'
import type { CommandContext } from './context.ts'
import { usualSource } from './open.ts'
import { sourceOption, stateOf } from './state-of.ts'

export function addPolicyMetrics(policy: Command, context: CommandContext): void {
  const metrics = policy
    .command('metrics')
    .description('say where the figures of the last run are written for Prometheus')
  metrics
    .command('set')
    .description('written after each run; sources may share a file')
    .argument('<file>', 'a whole path that ends in .prom', parseMetricsFile)
    .action((file: string, _options: unknown, command: Command) => change(context, command, file))
  metrics
    .command('clear')
    .description('nowhere')
    .action((_options: unknown, command: Command) => change(context, command, undefined))
}

async function change(
  { host, output }: CommandContext,
  command: Command,
  metrics: string | undefined,
): Promise<void> {
  const source = sourceOption(command) ?? usualSource
  await changeSource(stateOf(host), source, (old) => ({ ...old, metrics }))
  output.event({ event: 'metrics', source, file: metrics ?? null })
  output.line(`Source ${source}`)
  for (const line of metricsLines(metrics)) output.line(`  ${line}`)
}

/** For people; none where there are none. */
export const metricsLines = (metrics: string | undefined): string[] =>
  metrics === undefined ? [] : [`metrics  ${metrics}`]

/** Of these sources, with all that share their files. What can not be written is said, and disturbs nothing. */
export async function tellMetrics(
  { output }: CommandContext,
  state: AgentState,
  sources: readonly SourceName[],
): Promise<void> {
  try {
    const policies = Object.entries(await state.loadPolicy())
    const files = new Set(sources.flatMap((source) => fileOf(policies, source) ?? []))
    if (files.size === 0) return
    const jobs = await listJobs(state.paths.jobs)
    for (const file of files) {
      const sharing = policies.filter(([, { metrics }]) => metrics === file)
      const names = sharing.map(([name]) => parseSourceName(name))
      await writeMetrics(file, metricsText(jobs, names))
    }
  } catch (error) {
    output.warn(`Warning: the metrics could not be written: ${messageOf(error)}`)
  }
}

const fileOf = (
  policies: readonly (readonly [string, { readonly metrics?: string | undefined }])[],
  source: SourceName,
): string | undefined => policies.find(([name]) => name === source)?.[1].metrics
