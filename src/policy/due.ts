/** Whether a source is due. The only judge: timers, cron and the daemon merely look, some of them every quarter of an hour. */

import { dayMs, minuteMs } from '../base/clock.ts'
import { utf8, viewOf } from '../base/bytes.ts'
import { sha256 } from '../base/hash.ts'
import { lastTime, nextTimes, type Schedule } from './schedule.ts'

export interface DueFacts {
  readonly nowMs: number
  /** Every scheduled instant up to here has its point; undefined: there is no point yet, and a run is due at once. */
  readonly servedUntilMs: number | undefined
  /** Tells the machines of a stampede apart. */
  readonly machine: string
  /** When the run of an instant was to begin, as an earlier look has said: a missed one's delay does not start anew. */
  readonly chosen?: DueRun | undefined
}

export interface DueRun {
  /** The newest of the instants that wait; one run serves them all. */
  readonly scheduledMs: number
  /** When to begin: the random delay counts from the instant, and of a missed one from now. */
  readonly startMs: number
}

/** Undefined: nothing is due before the next scheduled instant. */
export function dueRun(schedule: Schedule, facts: DueFacts): DueRun | undefined {
  const { nowMs } = facts
  const scheduledMs = lastTime(schedule, nowMs)
  if (scheduledMs <= servedUntil(facts)) return undefined
  const isMissed = nowMs - scheduledMs > longestPauseMs
  const { chosen } = facts
  const isChosen = chosen?.scheduledMs === scheduledMs
  // Later than that: the delay was made shorter, or the clock was wrong.
  if (isChosen && chosen.startMs <= nowMs + schedule.randomDelayMs) return chosen
  const delayMs = randomDelay(schedule, facts.machine, scheduledMs)
  return { scheduledMs, startMs: (isMissed ? nowMs : scheduledMs) + delayMs }
}

/** Between two looks of the slowest facility. */
export const longestPauseMs = 15 * minuteMs

/** What was served in a far future was served by a wrong clock. */
function servedUntil({ servedUntilMs, nowMs }: DueFacts): number {
  if (servedUntilMs === undefined || servedUntilMs > nowMs + dayMs) return -Infinity
  return servedUntilMs
}

/** From 0 to the schedule's setting: the same for the same machine and instant. */
export function randomDelay(schedule: Schedule, machine: string, scheduledMs: number): number {
  const hash = sha256(utf8(`${machine} ${scheduledMs}`))
  const share = viewOf(hash).getUint32(0, true) / 0xffff_ffff
  return Math.floor(share * schedule.randomDelayMs)
}

export type JudgedFacts = DueFacts & { readonly tries?: Tries | undefined }

/** Runs that were begun for one instant and did not succeed. */
export interface Tries {
  readonly scheduledMs: number
  readonly firstMs: number
  readonly lastMs: number
}

/** No earlier is a failed run begun again: for a day at every look, then once a day until the next instant takes over. */
export function nextTry({ firstMs, lastMs }: Tries): number {
  return lastMs + (lastMs - firstMs < dayMs ? tryPauseMs : dayMs)
}

/** Under the quarter of an hour between two looks, which come a little early or late. */
const tryPauseMs = 10 * minuteMs

/**
 * The newest instant for which nobody began a run while it was due, as the look that chose `due` found; undefined: none. A
 * source without a point, whose first run is due at once, has missed none.
 */
export function missedTime(
  schedule: Schedule,
  { scheduledMs, startMs }: DueRun,
  { servedUntilMs, tries, machine }: Omit<JudgedFacts, 'nowMs'>,
): number | undefined {
  const lookedMs = startMs - randomDelay(schedule, machine, scheduledMs)
  const missedMs = lastTime(schedule, lookedMs - longestPauseMs)
  const isServed = servedUntilMs === undefined || missedMs <= servedUntilMs
  const isTried = tries !== undefined && tries.scheduledMs >= missedMs
  return isServed || isTried ? undefined : missedMs
}

export type Verdict =
  | ({ readonly kind: 'due' } & DueRun)
  /** `nextMs`: of the next scheduled instant, or of the next try of a failed run. */
  | { readonly kind: 'not-due'; readonly nextMs: number }

/** The whole decision, tries included. */
export function judge(schedule: Schedule, facts: JudgedFacts): Verdict {
  const [nextMs = Infinity] = nextTimes(schedule, facts.nowMs, 1)
  const due = dueRun(schedule, facts)
  if (due === undefined) return { kind: 'not-due', nextMs }
  const { tries, nowMs } = facts
  // Tries in the future were made by a wrong clock.
  if (tries?.scheduledMs !== due.scheduledMs || tries.lastMs > nowMs) return { kind: 'due', ...due }
  const againMs = nextTry(tries)
  if (againMs <= nowMs) return { kind: 'due', ...due }
  return { kind: 'not-due', nextMs: Math.min(againMs, nextMs) }
}
