/** The daemon's one task: at each look it asks the policy, and starts a run where something is due and none goes on. */

import { minuteMs, type Clock } from '../../base/clock.ts'
import { messageOf } from '../../base/errors.ts'
import { judgeSources, type Look, type SourceVerdict } from '../schedule/due.ts'
import type { AgentState } from '../state/state.ts'
import { systemCalls } from '../system/open.ts'
import { acquireLock } from '../system/run-lock.ts'
import type { DaemonStatus } from './daemon-status.ts'
import type { RunProcess } from './run-process.ts'

export interface DueRunsParts {
  readonly state: AgentState
  readonly clock: Clock
  readonly lookNow: () => Promise<Look>
  /** Starts `backup run --if-due`. */
  readonly startRun: () => RunProcess
  readonly say: (news: DaemonNews) => void
}

export type DaemonNews =
  | { readonly kind: 'run-started'; readonly sources: readonly string[] }
  | { readonly kind: 'run-ended'; readonly code: number | null }
  | { readonly kind: 'trouble'; readonly message: string }

export interface DueRuns {
  /** Never rejects: trouble is said, and the next look tries again. */
  look(): Promise<void>
  status(): Promise<Pick<DaemonStatus, 'running' | 'last' | 'next'>>
  /** Starts nothing any more, and ends what goes on. */
  stop(): Promise<void>
}

/** What is due after its run as it was before is left alone so long: the run came to grief before it took note of itself. */
const pauseMs = 10 * minuteMs

export function createDueRuns({ state, clock, lookNow, startRun, say }: DueRunsParts): DueRuns {
  let stopped = false
  let looking = false
  let going: (DaemonStatus['running'] & { readonly run: RunProcess }) | undefined
  let last: DaemonStatus['last'] = null
  let notBeforeMs = -Infinity
  let trouble: string | undefined

  const dueNow = async (): Promise<SourceVerdict[]> =>
    (await judgeSources(state, await lookNow())).filter(({ kind }) => kind === 'due')

  const begin = (sources: readonly string[]) => {
    const run = startRun()
    going = { sinceMs: clock.now(), sources: [...sources], run }
    say({ kind: 'run-started', sources })
    void run.ended.then((code) => end(sources, code)).catch(() => undefined)
  }
  const end = async (sources: readonly string[], code: number | null) => {
    going = undefined
    last = { endedMs: clock.now(), code }
    say({ kind: 'run-ended', code })
    const still = await dueNow()
    if (still.some(({ source }) => sources.includes(source))) notBeforeMs = clock.now() + pauseMs
  }
  const lookOnce = async () => {
    const due = await dueNow()
    trouble = undefined
    // A clock that was set back must not keep it from running for longer than the pause.
    const pauses = notBeforeMs > clock.now() && notBeforeMs <= clock.now() + pauseMs
    if (due.length === 0 || pauses || stopped || isOtherRunOn(state)) return
    begin(due.map(({ source }) => source))
  }
  return {
    look: async () => {
      if (looking || stopped || going !== undefined) return
      looking = true
      try {
        await lookOnce()
      } catch (error) {
        const message = messageOf(error)
        if (message !== trouble) say({ kind: 'trouble', message })
        trouble = message
      } finally {
        looking = false
      }
    },
    status: async () => ({
      running: going === undefined ? null : { sinceMs: going.sinceMs, sources: going.sources },
      last,
      next: (await judgeSources(state, await lookNow())).map((verdict) => ({
        source: verdict.source,
        atMs: verdict.kind === 'due' ? verdict.startMs : verdict.nextMs,
      })),
    }),
    stop: async () => {
      stopped = true
      await going?.run.stop()
    },
  }
}

/** A scheduled run of another process, of a daemon that was killed perhaps: its end is waited for. */
function isOtherRunOn(state: AgentState): boolean {
  const lock = acquireLock(systemCalls(), state.paths.scheduleLock)
  lock?.release()
  return lock === undefined
}
