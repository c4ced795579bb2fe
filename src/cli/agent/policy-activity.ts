/** `backup policy pause|resume|stop`: whether a source is backed up at all. */

import type { Command } from 'commander'
import { BackupError } from '../../base/errors.ts'
import { changeSource } from '../../agent/state/change-policy.ts'
import type { Activity } from '../../agent/state/policy-state.ts'
import type { CommandContext } from './context.ts'
import { sayNextTimes } from './next-times.ts'
import { unknownSource, usualSource } from './open.ts'
import { sourceOption, stateOf } from './state-of.ts'

export function addPolicyActivity(policy: Command, context: CommandContext): void {
  policy
    .command('pause')
    .description('no scheduled runs of a source until policy resume')
    .action((_options: unknown, command: Command) => change(context, command, 'paused'))
  policy
    .command('resume')
    .description('back it up again; what was missed is made up for by one run')
    .action((_options: unknown, command: Command) => change(context, command, undefined))
  policy
    .command('stop')
    .description('no more runs of a source; its points stay')
    .option('--keep-data', 'has to be said: nothing is deleted')
    .action((options: { keepData?: true }, command: Command) => {
      if (options.keepData) return change(context, command, 'stopped')
      throw new BackupError('usage', 'Say --keep-data: what is in the vault stays there.', {
        hint: 'To delete points as well, with a PIN of the operator: backup points delete.',
      })
    })
}

async function change(
  context: CommandContext,
  command: Command,
  activity: Activity | undefined,
): Promise<void> {
  const state = stateOf(context.host)
  const source = sourceOption(command) ?? usualSource
  if ((await state.loadPolicy())[source] === undefined) throw unknownSource(source)
  const changed = await changeSource(state, source, (old) => ({ ...old, activity }))
  context.output.event({ event: 'activity', source, activity: activity ?? null })
  if (activity === undefined) await sayNextTimes(context, state, [source, changed])
  else context.output.line(`Source ${source} is ${activity}. Its points stay as they are.`)
  if (activity === 'stopped') {
    context.output.note('Its points expire as by their policy, but the newest stays.')
  }
}
