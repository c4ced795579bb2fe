/** `backup policy hooks set|clear`: commands before and after the runs of a source. */

import { Argument, Option, type Command } from 'commander'
import { changeSource } from '../../agent/state/change-policy.ts'
import {
  checkedHook,
  defaultTimeLimitMs,
  hookNames,
  type HookName,
  type Hooks,
} from '../../policy/hooks.ts'
import { parseDuration, shortDuration } from '../../policy/schedule-words.ts'
import type { CommandContext } from './context.ts'
import { usualSource } from './open.ts'
import { sourceOption, stateOf } from './state-of.ts'

export function addPolicyHooks(policy: Command, context: CommandContext): void {
  const hooks = policy.command('hooks').description('say what is run before and after runs')
  const nameArgument = (text: string) => new Argument(text).choices(hookNames)
  hooks
    .command('set')
    .description('a command for the shell; one that fails before a run ends the run')
    .addArgument(nameArgument('<hook>'))
    .argument('<command>')
    .addOption(
      new Option('--time-limit <duration>', 'after that it is ended, as in 90s or 2h')
        .argParser(parseDuration)
        .default(defaultTimeLimitMs, shortDuration(defaultTimeLimitMs)),
    )
    .action((name: HookName, run: string, options: { timeLimit: number }, command: Command) => {
      const hook = checkedHook(run, options.timeLimit)
      return change(context, command, (old) => ({ ...old, [name]: hook }))
    })
  hooks
    .command('clear')
    .description('all of them, or one')
    .addArgument(nameArgument('[hook]'))
    .action((name: HookName | undefined, _options: unknown, command: Command) =>
      change(context, command, (old) => (name === undefined ? {} : { ...old, [name]: undefined })),
    )
}

async function change(
  { host, output }: CommandContext,
  command: Command,
  edit: (old: Hooks) => Hooks,
): Promise<void> {
  const source = sourceOption(command) ?? usualSource
  let hooks: Hooks | undefined
  await changeSource(stateOf(host), source, (old) => {
    const edited = edit(old.hooks ?? {})
    hooks = hookNames.some((name) => edited[name] !== undefined) ? edited : undefined
    return { ...old, hooks }
  })
  output.event({ event: 'hooks', source, hooks: hooks ?? {} })
  output.line(`Source ${source}`)
  for (const line of hookLines(hooks)) output.line(`  ${line}`)
}

/** For people; none where there are none. */
export const hookLines = (hooks: Hooks | undefined): string[] =>
  hookNames.flatMap((name) => {
    const hook = hooks?.[name]
    return hook === undefined ? [] : [`${name.padEnd(10)} ${hook.run}`]
  })
