/** `backup policy watch on|off`: whether the daemon watches a source, so that runs look only where something changed. */

import { Option, type Command } from 'commander'
import { changeSource } from '../../agent/state/change-policy.ts'
import { defaultWatch, type WatchSettings } from '../../agent/state/watch-state.ts'
import { parseDirectoryCount } from '../../policy/watch-words.ts'
import type { CommandContext } from './context.ts'
import { usualSource } from './open.ts'
import { sourceOption, stateOf } from './state-of.ts'

export function addPolicyWatch(policy: Command, context: CommandContext): void {
  const watch = policy.command('watch').description('say whether the daemon watches a source')
  watch
    .command('on')
    .description('runs look only where something changed (as it is anyway where a daemon runs)')
    .addOption(
      new Option('--max-directories <count>', 'with more, it is not watched')
        .argParser(parseDirectoryCount)
        .default(defaultWatch.mostDirectories),
    )
    .action((options: { readonly maxDirectories: number }, command: Command) =>
      change(context, command, { enabled: true, mostDirectories: options.maxDirectories }),
    )
  watch
    .command('off')
    .description('each run looks at everything')
    .action((_options: unknown, command: Command) =>
      change(context, command, { ...defaultWatch, enabled: false }),
    )
}

async function change(
  { host, output }: CommandContext,
  command: Command,
  watch: WatchSettings,
): Promise<void> {
  const source = sourceOption(command) ?? usualSource
  const isDefault = JSON.stringify(watch) === JSON.stringify(defaultWatch)
  const settings = isDefault ? undefined : watch
  await changeSource(stateOf(host), source, (old) => ({ ...old, watch: settings }))
  output.event({ event: 'watch', source, watch })
  output.line(`Source ${source}`)
  for (const line of watchLines(watch)) output.line(`  ${line}`)
}

/** For people; none where it is as by default. */
export function watchLines(watch: WatchSettings | undefined): string[] {
  if (watch === undefined) return []
  return [watch.enabled ? `watched  up to ${watch.mostDirectories} directories` : 'watched  no']
}
