/** The daemon's one task: at each look it asks the policy, and starts a run of each source that is due, in a process of its own. */

import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { minuteMs, type Clock } from '../../base/clock.ts'
import { messageOf } from '../../base/errors.ts'
import { parseSourceName, type SourceName } from '../../model/ids.ts'
import { judgeSources, noteStart, type Look } from '../schedule/due.ts'
import type { AgentState } from '../state/state.ts'
import { systemCalls } from '../system/open.ts'
import { acquireLock } from '../system/run-lock.ts'
import type { DaemonStatus } from './daemon-status.ts'
import type { RunProcess } from './run-process.ts'

export interface DueRunsParts {
  readonly state: AgentState
  readonly clock: Clock
  readonly lookNow: () => Promise<Look>
  /** Starts `backup run --if-due` for one source. */
  readonly startRun: (source: SourceName) => RunProcess
  readonly say: (news: DaemonNews) => void
}

export type DaemonNews =
  | { readonly kind: 'run-started'; readonly source: SourceName }
  | { readonly kind: 'run-ended'; readonly source: SourceName; readonly code: number | null }
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

/** So many runs at once, each with its threads and its memory; other sources wait. */
const mostRuns = 4

interface GoingRun {
  readonly sinceMs: number
  readonly run: RunProcess
}

export function createDueRuns({ state, clock, lookNow, startRun, say }: DueRunsParts): DueRuns {
  let stopped = false
  let looking = false
  const going = new Map<string, GoingRun>()
  const notBeforeMs = new Map<string, number>()
  let last: DaemonStatus['last'] = null
  let trouble: string | undefined

  const dueNow = async () =>
    (await judgeSources(state, await lookNow())).filter((verdict) => verdict.kind === 'due')

  const begin = (source: SourceName) => {
    const run = startRun(source)
    going.set(source, { sinceMs: clock.now(), run })
    say({ kind: 'run-started', source })
    void run.ended.then((code) => end(source, code)).catch(() => undefined)
  }
  const end = async (source: SourceName, code: number | null) => {
    going.delete(source)
    last = { endedMs: clock.now(), code }
    say({ kind: 'run-ended', source, code })
    const isStillDue = (await dueNow()).some((due) => due.source === source)
    if (isStillDue) notBeforeMs.set(source, clock.now() + pauseMs)
  }
  /** A clock that was set back must not keep it from running for longer than the pause. */
  const pauses = (source: string) => {
    const until = notBeforeMs.get(source) ?? -Infinity
    return until > clock.now() && until <= clock.now() + pauseMs
  }
  const lookOnce = async () => {
    const due = await dueNow()
    trouble = undefined
    for (const verdict of due) {
      const source = parseSourceName(verdict.source)
      if (stopped || going.has(source) || pauses(source) || isOtherRunOn(state, source)) continue
      // A run that waits needs no process yet.
      if (verdict.startMs - clock.now() > minuteMs) await noteStart(state, source, verdict)
      else if (going.size < mostRuns) begin(source)
    }
  }
  return {
    look: async () => {
      if (looking || stopped) return
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
      running: runningOf(going),
      last,
      next: (await judgeSources(state, await lookNow())).map((verdict) => ({
        source: verdict.source,
        atMs: verdict.kind === 'due' ? verdict.startMs : verdict.nextMs,
      })),
    }),
    stop: async () => {
      stopped = true
      await Promise.all([...going.values()].map(({ run }) => run.stop()))
    },
  }
}

function runningOf(going: ReadonlyMap<string, GoingRun>): DaemonStatus['running'] {
  if (going.size === 0) return null
  const since = [...going.values()].map(({ sinceMs }) => sinceMs)
  return { sinceMs: Math.min(...since), sources: [...going.keys()] }
}

/** A scheduled run of another process, of a daemon that was killed perhaps: its end is waited for. */
function isOtherRunOn({ paths }: AgentState, source: SourceName): boolean {
  const path = paths.scheduleLock(source)
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const lock = acquireLock(systemCalls(), path)
  lock?.release()
  return lock === undefined
}
