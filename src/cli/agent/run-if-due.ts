/** `backup run --if-due`: what timers and cron start. Runs the sources that are due, one after another, or says when they will be. */

import { systemClock } from '../../base/clock.ts'
import { messageOf } from '../../base/errors.ts'
import { sleep } from '../../base/flow.ts'
import { judgeSources, noteTry, type SourceVerdict } from '../../agent/schedule/due.ts'
import { registrationOf, type AgentState } from '../../agent/state/state.ts'
import { systemCalls } from '../../agent/system/open.ts'
import { acquireLock } from '../../agent/system/run-lock.ts'
import { parseSourceName, type SourceName } from '../../model/ids.ts'
import type { CommandContext } from './context.ts'
import { lookNow, zonedTimeText } from './next-times.ts'
import { stateOf } from './open.ts'

/** Runs one source; throws when it fails. */
export type RunSource = (source: SourceName) => Promise<void>

/** @throws the first failure, after all that is due has had its turn */
export async function runIfDue(
  context: CommandContext,
  wanted: SourceName | undefined,
  run: RunSource,
): Promise<void> {
  const state = stateOf(context.host)
  await registrationOf(state)
  const lock = acquireLock(systemCalls(), state.paths.scheduleLock)
  if (lock === undefined) {
    sayIdle(context, 'Another scheduled run is waiting or going on.', null)
    return
  }
  try {
    await runDue(context, state, { wanted, run })
  } finally {
    lock.release()
  }
}

interface Wanted {
  readonly wanted: SourceName | undefined
  readonly run: RunSource
}

async function runDue(
  context: CommandContext,
  state: AgentState,
  { wanted, run }: Wanted,
): Promise<void> {
  const verdicts = await verdictsOn(state, wanted)
  // There is no such source, or nothing in it: the run says which.
  if (wanted !== undefined && verdicts.length === 0) return run(wanted)
  const due = verdicts.filter((verdict) => verdict.kind === 'due')
  if (due.length === 0) {
    await sayNotDue(context, verdicts)
    return
  }
  const failures: unknown[] = []
  for (const { source, startMs } of due) {
    await waitUntil(context, source, startMs)
    try {
      await runStillDue(state, parseSourceName(source), run)
    } catch (error) {
      context.signal.throwIfAborted()
      context.output.warn(`Source ${source} failed: ${messageOf(error)}`)
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}

const verdictsOn = async (
  state: AgentState,
  wanted: SourceName | undefined,
): Promise<SourceVerdict[]> =>
  (await judgeSources(state, await lookNow(state))).filter(
    ({ source }) => (wanted ?? source) === source,
  )

/** A run by hand may have served it meanwhile, or its schedule been changed. */
async function runStillDue(state: AgentState, source: SourceName, run: RunSource): Promise<void> {
  const verdict = (await verdictsOn(state, source)).find(({ kind }) => kind === 'due')
  if (verdict?.kind !== 'due') return
  const { scheduledMs } = verdict
  await noteTry(state, source, { scheduledMs, nowMs: systemClock.now() })
  await run(source)
}

/** Timers stand still while the machine sleeps: the clock is asked again and again. */
const longestSleepMs = 20_000

async function waitUntil(
  { output, signal }: CommandContext,
  source: string,
  startMs: number,
): Promise<void> {
  const leftMs = () => startMs - systemClock.now()
  if (leftMs() <= 0) return
  const at = new Date(startMs).toISOString()
  output.event({ event: 'delayed', source, until: at })
  output.note(`Source ${source} is due; by its random delay it begins at ${at}.`)
  while (leftMs() > 0) await sleep(Math.min(leftMs(), longestSleepMs), signal)
}

async function sayNotDue(
  context: CommandContext,
  verdicts: readonly SourceVerdict[],
): Promise<void> {
  const times = verdicts.map((verdict) =>
    verdict.kind === 'due' ? verdict.startMs : verdict.nextMs,
  )
  if (times.length === 0) {
    sayIdle(context, 'Nothing is included yet. Run: backup policy include PATH', null)
    return
  }
  const nextMs = Math.min(...times)
  const { timeZone } = await lookNow(stateOf(context.host))
  sayIdle(context, `Not due. Next: ${zonedTimeText(nextMs, timeZone)}`, nextMs)
}

function sayIdle({ output }: CommandContext, text: string, nextMs: number | null): void {
  output.event({
    event: 'not-due',
    message: text,
    next: nextMs === null ? null : new Date(nextMs).toISOString(),
  })
  if (!output.quiet) output.line(text)
}
