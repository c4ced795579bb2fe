/** `backup policy include|exclude|show`: what a source backs up; when, is in policy-schedule.ts. */

import type { Command } from 'commander'
import { equalBytes } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import { changeSource } from '../../agent/state/change-policy.ts'
import type { IncludedPath, SourcePolicy } from '../../agent/state/policy-state.ts'
import { parsePath } from '../../model/path.ts'
import { toDisplay } from '../../model/path-text.ts'
import { checkPattern } from '../../policy/exclusion.ts'
import { defaultSchedule } from '../../policy/schedule.ts'
import { scheduleText } from '../../policy/schedule-words.ts'
import type { CommandContext } from './context.ts'
import { unknownSource, usualSource } from './open.ts'
import { sourceOption, stateOf } from './state-of.ts'
import { readPathList } from './path-list.ts'
import { addPolicyActivity } from './policy-activity.ts'
import { addPolicyCompression } from './policy-compression.ts'
import { addPolicyFile, showFile } from './policy-file.ts'
import { addPolicyHooks, hookLines } from './policy-hooks.ts'
import { addPolicyMetrics, metricsLines } from './policy-metrics.ts'
import { warnOfMissing } from './policy-missing.ts'
import { addPolicyNotices, noticeLines } from './policy-notices.ts'
import { addPolicyPlan } from './policy-plan.ts'
import { addPolicyRetention } from './policy-retention.ts'
import { addPolicySchedule } from './policy-schedule.ts'
import { addPolicySelection, selectionLines } from './policy-selection.ts'
import { addPolicyTest } from './policy-test.ts'
import { addPolicyThrottle, throttleLines } from './policy-throttle.ts'
import { addPolicyWatch, watchLines } from './policy-watch.ts'

export function addPolicy(program: Command, context: CommandContext): void {
  const policy = program.command('policy').description('say what a source backs up')
  policy
    .command('include')
    .description('add files and folders to a source')
    .argument('[path...]')
    .option('--remove', 'take them out again')
    .option(
      '--from <file>',
      'the paths of a list too: lines, or ended by NULs; - is standard input',
    )
    .action((paths: string[], options: IncludeOptions, command: Command) =>
      include(context, command, { ...options, paths }),
    )
  policy
    .command('exclude')
    .description('leave out what fits patterns, written as in .gitignore and read from the root')
    .argument('<pattern...>')
    .option('--remove', 'take the patterns out again')
    .action((patterns: string[], options: { remove?: true }, command: Command) =>
      exclude(context, command, { patterns, remove: options.remove === true }),
    )
  policy
    .command('show')
    .description('show what is included and excluded, and when it is backed up')
    .option('--yaml', 'as the file that policy apply takes')
    .action((options: { yaml?: true }, command: Command) =>
      options.yaml ? showFile(context, command) : show(context, command),
    )
  addPolicyFile(policy, context)
  addPolicySelection(policy, context)
  addPolicyTest(policy, context)
  addPolicyActivity(policy, context)
  addPolicySchedule(policy, context)
  addPolicyThrottle(policy, context)
  addPolicyCompression(policy, context)
  addPolicyHooks(policy, context)
  addPolicyMetrics(policy, context)
  addPolicyNotices(policy, context)
  addPolicyWatch(policy, context)
  addPolicyPlan(policy, context)
  addPolicyRetention(policy, context)
}

async function change(
  context: CommandContext,
  command: Command,
  edit: (policy: SourcePolicy) => Promise<SourcePolicy> | SourcePolicy,
): Promise<void> {
  const state = stateOf(context.host)
  const source = sourceOption(command) ?? usualSource
  const changed = await changeSource(state, source, edit)
  say(context, source, changed)
}

interface IncludeOptions {
  readonly remove?: true
  readonly from?: string
}

async function include(
  context: CommandContext,
  command: Command,
  { paths, remove, from }: IncludeOptions & { readonly paths: readonly string[] },
): Promise<void> {
  const listed = from === undefined ? [] : await readPathList(context.host, from)
  const said = [...paths, ...listed]
  if (said.length === 0) throw new BackupError('usage', 'Say a path, or a list with --from FILE.')
  return change(context, command, (policy) => {
    const all = said.map((path) => includedPath(context, path))
    const given = all.filter((path, at) => without([path], all.slice(at + 1)).length > 0)
    if (remove) return { ...policy, include: without(policy.include, given) }
    warnOfMissing(context.output, given)
    return { ...policy, include: [...without(policy.include, given), ...given] }
  })
}

function includedPath({ host }: CommandContext, text: string): IncludedPath {
  const bytes = parsePath(text, host.cwd(), host.platform)
  return { bytes, shown: toDisplay(bytes) }
}

const without = (paths: readonly IncludedPath[], gone: readonly IncludedPath[]): IncludedPath[] =>
  paths.filter(({ bytes }) => !gone.some((path) => equalBytes(path.bytes, bytes)))

function exclude(
  context: CommandContext,
  command: Command,
  { patterns, remove }: { readonly patterns: readonly string[]; readonly remove: boolean },
): Promise<void> {
  patterns.forEach(checkPattern)
  return change(context, command, (policy) => {
    const others = policy.exclude.filter((pattern) => !patterns.includes(pattern))
    // The last place of a pattern counts: a later one takes an earlier one back.
    const given = patterns.filter((pattern, at) => patterns.lastIndexOf(pattern) === at)
    return { ...policy, exclude: remove ? others : [...others, ...given] }
  })
}

async function show(context: CommandContext, command: Command): Promise<void> {
  const policies = await stateOf(context.host).loadPolicy()
  const wanted = sourceOption(command)
  const shown = Object.entries(policies).filter(([source]) => (wanted ?? source) === source)
  if (wanted !== undefined && shown.length === 0) throw unknownSource(wanted)
  if (shown.length === 0)
    context.output.line('Nothing is included yet. Run: backup policy include PATH')
  for (const [source, policy] of shown) say(context, source, policy)
}

function say({ output }: CommandContext, source: string, policy: SourcePolicy): void {
  const {
    exclude: patterns,
    selection,
    schedule,
    throttle,
    compression,
    watch,
    metrics,
    activity,
  } = policy
  const include = policy.include.map(({ shown }) => shown)
  const when = scheduleText(schedule ?? defaultSchedule)
  output.event({
    event: 'policy',
    source,
    include,
    exclude: patterns,
    selection,
    schedule: when,
    throttle,
    compression,
    watch,
    hooks: policy.hooks,
    metrics,
    notices: policy.notices,
    activity,
  })
  output.line(`Source ${source}`)
  for (const path of include) output.line(`  include  ${path}`)
  for (const pattern of patterns) output.line(`  exclude  ${pattern}`)
  for (const line of selectionLines(selection)) output.line(`  ${line}`)
  output.line(`  when     ${when}${activity === undefined ? '' : ` (${activity})`}`)
  for (const line of throttleLines(throttle)) output.line(`  ${line}`)
  if (compression !== undefined) output.line(`  compress ${compression}`)
  for (const line of watchLines(watch)) output.line(`  ${line}`)
  for (const line of hookLines(policy.hooks)) output.line(`  ${line}`)
  for (const line of metricsLines(metrics)) output.line(`  ${line}`)
  for (const line of noticeLines(policy.notices)) output.line(`  ${line}`)
}
