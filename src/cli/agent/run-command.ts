/** `backup run`, and how it may be asked for: now, when something is due, in the background. */

import { Option, type Command } from 'commander'
import type { SourceName } from '../../model/ids.ts'
import { parseDuration } from '../../policy/schedule-words.ts'
import type { CommandContext } from './context.ts'
import { parseKeepUntil } from './keep-until.ts'
import { addLimitOptions } from './line.ts'
import { sourceOption } from './state-of.ts'
import { runDetached } from './run-detached.ts'
import { runIfDue } from './run-if-due.ts'
import type { RunOptions } from './run-options.ts'
import { stepBack } from './step-back.ts'
import { threadsOption } from './threads.ts'

export function addRun(program: Command, context: CommandContext): void {
  addLimitOptions(program.command('run'))
    .description('make a recovery point of each source, or of --source NAME')
    .option('-n, --dry-run', 'say what would be sent, and send nothing')
    .addOption(
      new Option('--if-due', 'run the sources whose scheduled time has come').conflicts('dryRun'),
    )
    .option(
      '--keep-until <date>',
      'keep this point until then, whatever the policy',
      parseKeepUntil,
    )
    .option('--verify-all', 'open every piece again before it is sent, not only one in sixteen')
    .addOption(threadsOption('read files'))
    .addOption(
      new Option('--detach', 'go on in the background, and say the ids of the jobs').conflicts([
        'dryRun',
        'ifDue',
      ]),
    )
    .option('--background', 'leave processor and disk to others')
    .option(
      '--wait <duration>',
      'how long to try a vault that is away, as in 30s or 2h (2m; on schedule until the next time)',
      parseDuration,
    )
    .action((options: RunOptions, command: Command) => run(context, options, command))
}

async function run(context: CommandContext, options: RunOptions, command: Command): Promise<void> {
  const wanted = sourceOption(command)
  if (options.detach === true) return runDetached(context, wanted)
  if (options.background === true) stepBack(context)
  if (options.ifDue !== true) return begin(context, options, wanted)
  const isSaid =
    options.wait !== undefined || context.host.env['BACKUP_RETRY_SECONDS'] !== undefined
  return runIfDue(context, wanted, (source, retryForMs) =>
    begin(context, isSaid ? options : { ...options, wait: retryForMs }, source),
  )
}

/** What a run needs is loaded when there is one: mostly, nothing is due yet. */
async function begin(
  context: CommandContext,
  options: RunOptions,
  wanted: SourceName | undefined,
): Promise<void> {
  const { runNow } = await import('./run.ts')
  return runNow(context, options, wanted)
}
