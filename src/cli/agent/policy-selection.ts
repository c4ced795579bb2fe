/** `backup policy selection set|clear`: what a source leaves out besides its patterns. */

import type { Command } from 'commander'
import { ownSettings } from '../../agent/policy-file/selection.ts'
import { changeSource } from '../../agent/state/change-policy.ts'
import { checkedSelection, type SelectionSettings } from '../../policy/selection.ts'
import { parseDays, parseFileSize } from '../../policy/selection-words.ts'
import { sizeText } from '../render/units.ts'
import type { CommandContext } from './context.ts'
import { usualSource } from './open.ts'
import { sourceOption, stateOf } from './state-of.ts'

interface SetOptions {
  readonly ignoreCase?: true
  readonly ignoreFiles?: true
  readonly maxFileSize?: number
  readonly maxAge?: number
  readonly minAge?: number
  readonly oneFileSystem?: true
  readonly skipCaches?: true
  readonly skipNodump?: true
  readonly fetchCloudFiles?: true
}

export function addPolicySelection(policy: Command, context: CommandContext): void {
  const selection = policy
    .command('selection')
    .description('say what a source leaves out besides its patterns')
  selection
    .command('set')
    .description('leave this out; what is not said is kept')
    .option('--ignore-case', 'patterns do not tell capitals from small letters')
    .option('--ignore-files', 'directories may have a .backupignore, written as .gitignore is')
    .option('--max-file-size <size>', 'leave out files above it, as in 4GiB', parseFileSize)
    .option('--max-age <days>', 'leave out files last modified longer ago, as in 365d', parseDays)
    .option('--min-age <days>', 'leave out files last modified more recently', parseDays)
    .option('--one-file-system', 'do not enter other file systems')
    .option('--skip-caches', 'of directories with a CACHEDIR.TAG keep only the tag')
    .option('--skip-nodump', 'leave out what is marked with chattr +d')
    .option('--fetch-cloud-files', 'on Windows: fetch and save what is in the cloud only')
    .action((options: SetOptions, command: Command) =>
      change(context, command, ownSettings(checkedSelection(wantedSelection(options)))),
    )
  selection
    .command('clear')
    .description('leave out only what fits the patterns')
    .action((_options: unknown, command: Command) => change(context, command, undefined))
}

const wantedSelection = (options: SetOptions): SelectionSettings => ({
  ignoreCase: options.ignoreCase === true,
  ignoreFiles: options.ignoreFiles === true,
  largestFileBytes: options.maxFileSize ?? null,
  mostDaysOld: options.maxAge ?? null,
  leastDaysOld: options.minAge ?? null,
  oneFileSystem: options.oneFileSystem === true,
  skipCaches: options.skipCaches === true,
  skipNodump: options.skipNodump === true,
  fetchCloudFiles: options.fetchCloudFiles === true,
})

async function change(
  { host, output }: CommandContext,
  command: Command,
  selection: SelectionSettings | undefined,
): Promise<void> {
  const source = sourceOption(command) ?? usualSource
  await changeSource(stateOf(host), source, (old) => ({ ...old, selection }))
  output.event({ event: 'selection', source, selection: selection ?? null })
  output.line(`Source ${source}`)
  const lines = selectionLines(selection)
  for (const line of lines) output.line(`  ${line}`)
  if (lines.length === 0) output.line('  only what fits the patterns is left out')
}

/** For people; none where nothing but patterns leaves something out. */
export function selectionLines(selection: SelectionSettings | undefined): string[] {
  if (selection === undefined) return []
  const { largestFileBytes, mostDaysOld, leastDaysOld } = selection
  const said: readonly (readonly [boolean, string])[] = [
    [selection.ignoreCase, 'patterns fit capitals and small letters alike'],
    [selection.ignoreFiles, 'what a .backupignore says'],
    [largestFileBytes !== null, `files above ${sizeText(largestFileBytes ?? 0)}`],
    [mostDaysOld !== null, `files not modified for ${mostDaysOld ?? 0} days`],
    [leastDaysOld !== null, `files modified in the last ${leastDaysOld ?? 0} days`],
    [selection.oneFileSystem, 'other file systems'],
    [selection.skipCaches, 'caches with a CACHEDIR.TAG'],
    [selection.skipNodump, 'what is marked with chattr +d'],
  ]
  const left = said.filter(([holds]) => holds).map(([, text]) => `without  ${text}`)
  const fetched = 'with     what is in the cloud only (Windows)'
  return selection.fetchCloudFiles ? [...left, fetched] : left
}
