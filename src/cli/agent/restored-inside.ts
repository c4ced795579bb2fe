/** A restore to a place that a source backs up: the next run saves once more what was restored. */

import { realpath } from 'node:fs/promises'
import { explainPath } from '../../agent/backup/explain-path.ts'
import { createSelector } from '../../agent/backup/selector.ts'
import type { AgentState } from '../../agent/state/state.ts'
import { systemClock } from '../../base/clock.ts'
import { parsePath } from '../../model/path.ts'
import { defaultSelection } from '../../policy/selection.ts'
import type { CommandContext } from './context.ts'

/** Warns when it is done, as the place is there then. An include path itself (with `--strip`) is no such place. */
export async function warnInsideSources(
  { output, host }: CommandContext,
  state: AgentState,
  to: string,
): Promise<void> {
  const path = parsePath(await realpath(to), host.cwd(), host.platform)
  for (const [source, policy] of Object.entries(await state.loadPolicy())) {
    const include = policy.include.map(({ bytes }) => bytes)
    const selector = createSelector({
      selection: { include, exclude: policy.exclude },
      settings: policy.selection ?? defaultSelection,
      ownCache: state.paths.cache,
      nowMs: systemClock.now(),
    })
    const verdict = explainPath(selector, include, path)
    if (verdict.kind !== 'saved' || verdict.included.length === path.length) continue
    output.warn(
      `Warning: ${to} lies in what source ${source} backs up: its next run saves what was restored, too. Leave it out with: backup policy exclude ${to}`,
    )
  }
}
