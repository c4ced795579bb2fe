/** `backup policy apply|validate|edit`, `show --yaml`: the policy of a source as one file. */

import type { Command } from 'commander'
import { basename } from 'node:path'
import { BackupError } from '../../base/errors.ts'
import { readBounded } from '../../base/files.ts'
import { maxPolicyBytes } from '../../agent/policy-file/document.ts'
import { openPolicyFile, policyText, changesBetween } from '../../agent/policy-file/policy-file.ts'
import { noteNewSchedule } from '../../agent/schedule/due.ts'
import { changeSource, emptyPolicy } from '../../agent/state/change-policy.ts'
import type { AgentState } from '../../agent/state/state.ts'
import type { SourcePolicy } from '../../agent/state/policy-state.ts'
import type { SourceName } from '../../model/ids.ts'
import type { CommandContext } from './context.ts'
import { lookNow, sayNextTimes } from './next-times.ts'
import { unknownSource, usualSource } from './open.ts'
import { sourceOption, stateOf } from './state-of.ts'
import { editText } from './policy-edit.ts'
import { warnOfMissing } from './policy-missing.ts'

export function addPolicyFile(policy: Command, context: CommandContext): void {
  policy
    .command('apply')
    .description(
      'take over the policy of a source from a file; what it does not say is as by default',
    )
    .argument('<file>', 'YAML, as policy show --yaml writes it')
    .option('-n, --dry-run', 'say what would change, and change nothing')
    .action(async (file: string, options: { dryRun?: true }, command: Command) => {
      const given = await readGiven(file)
      await apply(context, { ...given, ...wanted(command), dryRun: options.dryRun === true })
    })
  policy
    .command('validate')
    .description('say what is wrong with a policy file')
    .argument('<file>')
    .action(async (file: string, _options: unknown, command: Command) => {
      const given = await readGiven(file)
      await validate(context, { ...given, ...wanted(command), dryRun: true })
    })
  policy
    .command('edit')
    .description('change the policy of a source in $VISUAL or $EDITOR')
    .action((_options: unknown, command: Command) => edit(context, command))
}

interface GivenFile {
  readonly bytes: Uint8Array
  /** As people know it. */
  readonly name: string
}

interface Wanted extends GivenFile {
  /** By the command line. */
  readonly source: SourceName | undefined
  readonly dryRun: boolean
  /** The policy that the file was made from, where it is known. */
  readonly basedOn?: string
}

const readGiven = async (path: string): Promise<GivenFile> => ({
  bytes: await readBounded(path, maxPolicyBytes),
  name: basename(path),
})

const wanted = (command: Command) => ({ source: sourceOption(command) })

export async function showFile(context: CommandContext, command: Command): Promise<void> {
  const source = sourceOption(command) ?? usualSource
  const policy = (await stateOf(context.host).loadPolicy())[source]
  if (policy === undefined) throw unknownSource(source)
  const yaml = policyText(source, policy)
  context.output.event({ event: 'policy-file', source, yaml })
  context.output.line(yaml.trimEnd())
}

interface OpenedFile {
  readonly source: SourceName
  /** What holds now, to what the file wants. @throws BackupError `policy-invalid` */
  readonly policy: (old: SourcePolicy) => Promise<SourcePolicy>
}

/** @throws BackupError `policy-invalid`, `usage` */
function open({ host }: CommandContext, state: AgentState, file: Wanted): OpenedFile {
  const opened = openPolicyFile(file.bytes, file.name)
  if (file.source !== undefined && (opened.source ?? file.source) !== file.source) {
    throw new BackupError('usage', `${file.name} is for the source ${String(opened.source)}.`, {
      hint: `Leave --source ${file.source} out, or change the source that the file names.`,
    })
  }
  return {
    source: opened.source ?? file.source ?? usualSource,
    policy: async (old) =>
      opened.policy({ platform: host.platform, old, ...(await lookNow(state)) }),
  }
}

async function validate(context: CommandContext, file: Wanted): Promise<void> {
  const state = stateOf(context.host)
  const { source, policy } = open(context, state, file)
  const valid = await policy((await state.loadPolicy())[source] ?? emptyPolicy)
  warnOfMissing(context.output, valid.include)
  context.output.event({ event: 'policy-valid', source })
  context.output.line(`${file.name} is a policy of the source ${source}.`)
}

async function apply(context: CommandContext, file: Wanted): Promise<void> {
  const state = stateOf(context.host)
  const { source, policy } = open(context, state, file)
  const before = (await state.loadPolicy())[source] ?? emptyPolicy
  const plan = await policy(before)
  warnOfMissing(context.output, plan.include)
  if (!file.dryRun) {
    await changeSource(state, source, async (old) => {
      refuseOther(file, policyText(source, old))
      const changed = await policy(old)
      if (changesBetween(old, changed).some(({ section }) => section.key === 'schedule')) {
        await noteNewSchedule(state, { source, old }, await lookNow(state))
      }
      return changed
    })
  }
  await sayChanges(context, { source, old: before, wanted: plan, dryRun: file.dryRun })
}

function refuseOther({ basedOn }: Wanted, held: string): void {
  if (basedOn === undefined || basedOn === held) return
  throw new BackupError('busy', 'The policy was changed by another command meanwhile.')
}

interface Change {
  readonly source: SourceName
  readonly old: SourcePolicy
  readonly wanted: SourcePolicy
  readonly dryRun: boolean
}

async function sayChanges(
  context: CommandContext,
  { source, old, wanted: changed, dryRun }: Change,
): Promise<void> {
  const { output } = context
  const changes = changesBetween(old, changed)
  const sections = changes.map(({ section }) => section.key)
  output.event({
    event: 'policy-change',
    source,
    sections,
    dryRun,
    yaml: policyText(source, changed),
  })
  if (changes.length === 0) {
    output.line(`Source ${source}: nothing changes.`)
    return
  }
  output.line(`Source ${source}: ${dryRun ? 'would change' : 'changed'}: ${sections.join(', ')}`)
  for (const { before, after, section } of changes) {
    for (const line of linesOf(before)) output.line(`  - ${line}`)
    for (const line of linesOf(after)) output.line(`  + ${line}`)
    for (const effect of section.effects?.(old, changed) ?? []) output.line(`  ${effect}`)
  }
  if (sections.includes('schedule')) {
    await sayNextTimes(context, stateOf(context.host), [source, changed])
  } else {
    output.line('  When it is backed up does not change.')
  }
}

const linesOf = (yaml: string): string[] => yaml.split('\n').filter((line) => line !== '')

async function edit(context: CommandContext, command: Command): Promise<void> {
  const source = sourceOption(command) ?? usualSource
  const state = stateOf(context.host)
  const policy = (await state.loadPolicy())[source] ?? emptyPolicy
  const basedOn = policyText(source, policy)
  const draft = await editText(context, { directory: state.directory, source, text: basedOn })
  if (draft === undefined) {
    context.output.line(`Source ${source}: nothing changes.`)
    return
  }
  await draft.take((bytes) =>
    apply(context, { bytes, name: basename(draft.path), source, basedOn, dryRun: false }),
  )
}
