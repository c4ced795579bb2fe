/** Which sources a run by hand means. */

import { BackupError } from '../../base/errors.ts'
import type { AgentState } from '../../agent/state/state.ts'
import type { SourcePolicy } from '../../agent/state/policy-state.ts'
import { parseSourceName, type SourceName } from '../../model/ids.ts'

type NamedPolicy = readonly [SourceName, SourcePolicy]

/**
 * The one that is wanted, also if it is paused; otherwise all that are neither paused nor stopped.
 * @throws BackupError `usage`, `unknown-source`
 */
export async function sourcesToRunNow(
  state: AgentState,
  wanted: SourceName | undefined,
): Promise<readonly NamedPolicy[]> {
  const policies = Object.entries(await state.loadPolicy())
    .map(([name, policy]) => [parseSourceName(name), policy] as const)
    .filter(([name]) => (wanted ?? name) === name)
  if (policies.length === 0) throw nothingIncluded(wanted)
  const runs = policies.filter(([, { activity }]) => mayRun(activity, wanted))
  if (runs.length === 0) throw idle(policies)
  const empty = runs.find(([, { include }]) => include.length === 0)
  if (empty === undefined) return runs
  throw new BackupError('usage', `The source ${empty[0]} includes no path.`, {
    hint: `Say what to back up: backup policy include PATH --source ${empty[0]}`,
  })
}

const mayRun = (activity: SourcePolicy['activity'], wanted: SourceName | undefined): boolean =>
  activity === undefined || (activity === 'paused' && wanted !== undefined)

const nothingIncluded = (wanted: SourceName | undefined): BackupError =>
  new BackupError(
    wanted === undefined ? 'usage' : 'unknown-source',
    wanted === undefined ? 'Nothing is included yet.' : `There is no source ${wanted}.`,
    { hint: 'Say what to back up: backup policy include PATH' },
  )

function idle([first]: readonly NamedPolicy[]): BackupError {
  const [source = 'files', policy] = first ?? []
  return new BackupError('usage', `The source ${source} is ${policy?.activity ?? 'stopped'}.`, {
    hint: `To back it up again: backup policy resume --source ${source}`,
  })
}
