/** `backup run --if-due`: what timers and cron start. Runs the sources that are due, one after another, or says when they will be. */

import { dirname } from 'node:path'
import { dayMs, systemClock } from '../../base/clock.ts'
import { messageOf } from '../../base/errors.ts'
import { makeDirectoryDurable } from '../../base/files.ts'
import { createQueue, sleep, type Queue } from '../../base/flow.ts'
import {
  judgeSources,
  nextTimeOf,
  noteStart,
  noteTry,
  type SourceVerdict,
} from '../../agent/schedule/due.ts'
import { registrationOf, type AgentState } from '../../agent/state/state.ts'
import { systemCalls } from '../../agent/system/open.ts'
import { acquireLock, type RunLock } from '../../agent/system/run-lock.ts'
import { parseSourceName, type SourceName } from '../../model/ids.ts'
import type { CommandContext } from './context.ts'
import { lookNow, zonedTimeText } from './next-times.ts'
import { tellOfGap } from './notices.ts'
import { stateOf } from './state-of.ts'

/** Runs one source; throws when it fails. `retryForMs`: how long a vault that is away is waited for. */
export type RunSource = (source: SourceName, retryForMs?: number) => Promise<void>

/** @throws the first failure, after all that is due has had its turn */
export async function runIfDue(
  context: CommandContext,
  wanted: SourceName | undefined,
  run: RunSource,
): Promise<void> {
  const state = stateOf(context.host)
  await registrationOf(state)
  const verdicts = await verdictsOn(state, wanted)
  // There is no such source, or nothing in it: the run says which.
  if (wanted !== undefined && verdicts.length === 0) return run(wanted)
  const turns = new Turns(context, state, run)
  // What became due meanwhile: some facilities start nothing while this goes on.
  for (let due = dueOf(verdicts); await turns.take(due);) {
    due = dueOf(await verdictsOn(state, wanted))
  }
  const [failure] = turns.failures
  if (failure !== undefined) throw failure.error
  if (turns.count > 0) return
  if (dueOf(verdicts).length === 0) await sayNotDue(context, verdicts)
  else sayIdle(context, 'Another scheduled run is waiting or going on.', null)
}

type DueSource = SourceVerdict & { readonly kind: 'due' }

const dueOf = (verdicts: readonly SourceVerdict[]): DueSource[] =>
  verdicts.filter((verdict) => verdict.kind === 'due')

/** Each source has one. Delays are waited for side by side; runs are made one after another. */
class Turns {
  readonly #context: CommandContext
  readonly #state: AgentState
  readonly #run: RunSource
  readonly #queue: Queue = createQueue()
  readonly #had = new Set<string>()
  readonly failures: { readonly error: unknown }[] = []

  constructor(context: CommandContext, state: AgentState, run: RunSource) {
    this.#context = context
    this.#state = state
    this.#run = run
  }

  get count(): number {
    return this.#had.size
  }

  /** False where none of them had a turn. */
  async take(due: readonly DueSource[]): Promise<boolean> {
    const before = this.count
    const fresh = due.filter(({ source }) => !this.#had.has(source))
    await Promise.all(fresh.map((verdict) => this.#one(verdict)))
    this.#context.signal.throwIfAborted()
    return this.count > before
  }

  async #one(due: DueSource): Promise<void> {
    const source = parseSourceName(due.source)
    const lock = await scheduleLockOf(this.#state, source)
    if (lock === undefined) return
    this.#had.add(source)
    const telling = await tellOfGap(this.#context, this.#state, due)
    try {
      await waitForStart(this.#context, this.#state, due)
      await this.#queue.run(() => runStillDue(this.#state, source, this.#run))
    } catch (error) {
      if (this.#context.signal.aborted) return
      this.#context.output.warn(`Source ${source} failed: ${messageOf(error)}`)
      this.failures.push({ error })
    } finally {
      await telling.ended
      lock.release()
    }
  }
}

async function scheduleLockOf(state: AgentState, source: SourceName): Promise<RunLock | undefined> {
  const path = state.paths.scheduleLock(source)
  await makeDirectoryDurable(dirname(path))
  return acquireLock(systemCalls(), path)
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
  const nextMs = nextTimeOf(await state.loadPolicy(), source, await lookNow(state))
  await run(source, Math.min(nextMs - systemClock.now(), dayMs))
}

/** Timers stand still while the machine sleeps: the clock is asked again and again. */
const longestSleepMs = 20_000

async function waitForStart(
  { output, signal }: CommandContext,
  state: AgentState,
  due: DueSource,
): Promise<void> {
  const leftMs = () => due.startMs - systemClock.now()
  if (leftMs() <= 0) return
  const { source } = due
  await noteStart(state, source, due)
  const at = new Date(due.startMs).toISOString()
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
