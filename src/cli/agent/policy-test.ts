/** `backup policy test PATH…`: whether a path is saved, and which rule decides. */

import type { Command } from 'commander'
import { systemClock } from '../../base/clock.ts'
import { explainPath, type PathVerdict } from '../../agent/backup/explain-path.ts'
import { createSelector } from '../../agent/backup/selector.ts'
import { parsePath } from '../../model/path.ts'
import { toDisplay } from '../../model/path-text.ts'
import { defaultSelection, type SelectionRule } from '../../policy/selection.ts'
import { pathFields } from '../render/shown-path.ts'
import type { CommandContext } from './context.ts'
import { unknownSource, usualSource } from './open.ts'
import { sourceOption, stateOf } from './state-of.ts'

export function addPolicyTest(policy: Command, context: CommandContext): void {
  policy
    .command('test')
    .description('say of paths whether they are saved, and which rule decides')
    .argument('<path...>')
    .action((paths: string[], _options: unknown, command: Command) => test(context, command, paths))
}

async function test(
  { host, output }: CommandContext,
  command: Command,
  paths: readonly string[],
): Promise<void> {
  const source = sourceOption(command) ?? usualSource
  const state = stateOf(host)
  const policy = (await state.loadPolicy())[source]
  if (policy === undefined) throw unknownSource(source)
  const include = policy.include.map(({ bytes }) => bytes)
  const selector = createSelector({
    selection: { include, exclude: policy.exclude },
    settings: policy.selection ?? defaultSelection,
    ownCache: state.paths.cache,
    nowMs: systemClock.now(),
  })
  for (const text of paths) {
    const path = parsePath(text, host.cwd(), host.platform)
    const verdict = explainPath(selector, include, path)
    output.event({ event: 'path', ...pathFields(path), ...eventOf(verdict) })
    output.line(`${toDisplay(path)}: ${words(verdict)}`)
  }
}

/** `saved` is null where a run could not tell: it would list the path. */
function eventOf(verdict: PathVerdict) {
  const rule = 'rule' in verdict ? verdict.rule : null
  const at = 'at' in verdict ? toDisplay(verdict.at) : null
  const saved = verdict.kind === 'unreadable' ? null : verdict.kind.startsWith('saved')
  return { saved, verdict: verdict.kind, rule, at }
}

function words(verdict: PathVerdict): string {
  switch (verdict.kind) {
    case 'saved':
      return `saved, by include ${toDisplay(verdict.included)}`
    case 'saved-empty':
      return `saved without what is in it: ${ruleWords(verdict.rule)}`
    case 'left-out':
      return `left out: ${toDisplay(verdict.at)} ${ruleWords(verdict.rule)}`
    case 'not-included':
      return 'left out: no include path leads to it'
    case 'unreadable':
      return `can not be looked at: ${verdict.detail}`
  }
}

function ruleWords(rule: SelectionRule): string {
  switch (rule.kind) {
    case 'pattern':
      return `fits exclude ${rule.pattern}`
    case 'ignore-file':
      return `fits ${rule.pattern} in /${rule.file}`
    case 'size':
      return 'is larger than the largest file'
    case 'age':
      return 'was modified too long ago'
    case 'young':
      return 'was modified too recently'
    case 'other-file-system':
      return 'is another file system'
    case 'pseudo-file-system':
      return 'holds no files, but what the kernel shows'
    case 'cache':
      return 'is a cache by its CACHEDIR.TAG'
    case 'own-cache':
      return 'is the cache of this agent, which is made anew'
    case 'nodump':
      return 'is marked with chattr +d'
  }
}
