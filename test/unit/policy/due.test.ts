import { describe, expect, test } from 'vitest'
import { dayMs, hourMs, minuteMs } from '../../../src/base/clock.ts'
import { dueRun, judge, missedTime, randomDelay, type DueFacts } from '../../../src/policy/due.ts'
import type { Schedule } from '../../../src/policy/schedule.ts'

const at = (text: string): number => Date.parse(text)

const nightly: Schedule = {
  minutesOfDay: [21 * 60],
  weekly: null,
  timeZone: 'UTC',
  randomDelayMs: 0,
}
const delayed: Schedule = { ...nightly, randomDelayMs: hourMs }

const facts = (now: string, servedUntil?: string): DueFacts => ({
  nowMs: at(now),
  servedUntilMs: servedUntil === undefined ? undefined : at(servedUntil),
  machine: 'laptop',
})

const monday = '2026-11-23T21:00Z'
const tuesday = '2026-11-24T21:00Z'

describe('a source is due', () => {
  test('at its time, not before', () => {
    expect(dueRun(nightly, facts('2026-11-24T20:59:59.999Z', monday))).toBeUndefined()
    expect(dueRun(nightly, facts(tuesday, monday))).toEqual({
      scheduledMs: at(tuesday),
      startMs: at(tuesday),
    })
  })

  test('once: a point made since serves the instant', () => {
    expect(dueRun(nightly, facts('2026-11-24T21:15Z', '2026-11-24T21:03Z'))).toBeUndefined()
  })

  test('once for all that it missed, by the newest', () => {
    const due = dueRun(nightly, facts('2026-11-24T09:00Z', '2026-11-02T21:00Z'))
    expect(due).toEqual({ scheduledMs: at(monday), startMs: at('2026-11-24T09:00Z') })
  })

  test('at once while it has no point', () => {
    expect(dueRun(nightly, facts('2026-11-24T09:00Z'))).toMatchObject({ scheduledMs: at(monday) })
  })

  test('although a wrong clock has served a far future', () => {
    expect(dueRun(nightly, facts(tuesday, '2031-01-01T00:00Z'))).toBeDefined()
    expect(dueRun(nightly, facts(tuesday, '2026-11-24T21:00:04Z'))).toBeUndefined()
  })
})

describe('the random delay', () => {
  test('of a missed instant counts from the look that met it first', () => {
    const missed = facts('2026-11-24T09:00Z', '2026-11-02T21:00Z')
    const chosen = dueRun(delayed, missed)
    const later = { ...missed, nowMs: missed.nowMs + 15 * minuteMs }
    expect(dueRun(delayed, later)?.startMs).not.toBe(chosen?.startMs)
    expect(dueRun(delayed, { ...later, chosen })).toEqual(chosen)
  })

  test('that was chosen for another instant, or is longer than the policy now allows, does not count', () => {
    const now = facts(tuesday, monday)
    const [other, far] = [at(monday), at(tuesday)].map((scheduledMs) => ({
      scheduledMs,
      startMs: at(tuesday) + 2 * hourMs,
    }))
    for (const chosen of [other, far]) {
      expect(dueRun(delayed, { ...now, chosen })).toEqual(dueRun(delayed, now))
    }
  })

  const machines = Array.from({ length: 200 }, (_, number) => `machine ${number}`)

  test('stays the same for a machine and an instant, and within its bound', () => {
    for (const machine of machines) {
      const delay = randomDelay(delayed, machine, at(monday))
      expect(delay).toBe(randomDelay(delayed, machine, at(monday)))
      expect(delay).toBeGreaterThanOrEqual(0)
      expect(delay).toBeLessThanOrEqual(hourMs)
    }
  })

  test('spreads machines over the whole of it, on each day in another way', () => {
    const delays = machines.map((machine) => randomDelay(delayed, machine, at(monday)))
    const quarters = new Set(delays.map((delay) => Math.floor((delay * 4) / hourMs)))
    expect(quarters.size).toBe(4)
    const next = machines.map((machine) => randomDelay(delayed, machine, at(tuesday)))
    expect(next).not.toEqual(delays)
  })

  test('counts from the instant, so that a late look does not put it off again', () => {
    const due = dueRun(delayed, facts('2026-11-24T21:14Z', monday))
    expect(due?.startMs).toBe(at(tuesday) + randomDelay(delayed, 'laptop', at(tuesday)))
  })

  test('of a missed run counts from now: machines that wake together do not start together', () => {
    const due = dueRun(delayed, facts('2026-11-25T08:00Z', monday))
    const delay = randomDelay(delayed, 'laptop', at(tuesday))
    expect(delay).toBeGreaterThan(0)
    expect(due?.startMs).toBe(at('2026-11-25T08:00Z') + delay)
  })
})

describe('after a run that failed', () => {
  const weekly: Schedule = {
    ...nightly,
    weekly: { daysOfWeek: [1], everyWeeks: 1, countedFrom: 0 },
  }
  const tried = (firstMs: number, lastMs: number) => ({ scheduledMs: at(monday), firstMs, lastMs })
  const after = (ms: number, tries: ReturnType<typeof tried>) =>
    judge(weekly, {
      nowMs: at(monday) + ms,
      servedUntilMs: at('2026-11-16T21:00Z'),
      machine: 'laptop',
      tries,
    })

  test('the next look in a quarter of an hour tries again, an earlier one does not', () => {
    const tries = tried(at(monday), at(monday))
    expect(after(14 * minuteMs, tries)).toMatchObject({ kind: 'due' })
    expect(after(minuteMs, tries)).toEqual({
      kind: 'not-due',
      nextMs: at(monday) + 10 * minuteMs,
    })
  })

  test('after a day of tries, it is tried once a day', () => {
    const tries = tried(at(monday), at(monday) + dayMs)
    expect(after(dayMs + hourMs, tries)).toEqual({
      kind: 'not-due',
      nextMs: at(monday) + 2 * dayMs,
    })
    expect(after(2 * dayMs, tries)).toMatchObject({ kind: 'due' })
  })

  test('the next instant takes over, without waiting for a try', () => {
    const tries = tried(at(monday), at(monday) + 7 * dayMs - minuteMs)
    expect(after(7 * dayMs, tries)).toMatchObject({ kind: 'due' })
    expect(after(7 * dayMs - 1, tries)).toEqual({
      kind: 'not-due',
      nextMs: at(monday) + 7 * dayMs,
    })
  })

  test('tries that a wrong clock dated do not hold it up', () => {
    expect(after(hourMs, tried(at(monday), at(monday) + 90 * dayMs))).toMatchObject({ kind: 'due' })
  })
})

describe('a run was missed', () => {
  const missed = (schedule: Schedule, given: DueFacts, tries?: string) => {
    const due = dueRun(schedule, given)
    const tried =
      tries === undefined ? undefined : { scheduledMs: at(tries), firstMs: 0, lastMs: 0 }
    return due && missedTime(schedule, due, { ...given, tries: tried })
  }

  test('where nobody looked for longer than the slowest facility takes, delayed or not', () => {
    for (const schedule of [nightly, delayed]) {
      expect(missed(schedule, facts('2026-11-24T21:14Z', monday))).toBeUndefined()
      expect(missed(schedule, facts('2026-11-24T21:16Z', monday))).toBe(at(tuesday))
    }
  })

  test('also where the next one is begun in time', () => {
    expect(missed(nightly, facts(tuesday, '2026-11-22T21:00Z'))).toBe(at(monday))
  })

  test('not where it was begun and failed, nor of a source without a point', () => {
    expect(missed(nightly, facts('2026-11-24T21:16Z', monday), tuesday)).toBeUndefined()
    expect(missed(nightly, facts(tuesday, '2026-11-22T21:00Z'), monday)).toBeUndefined()
    expect(missed(nightly, facts(tuesday, '2026-11-21T21:00Z'), tuesday)).toBeUndefined()
    expect(missed(nightly, facts('2026-11-24T09:00Z'))).toBeUndefined()
  })

  test('told by the look that found it, however long its delay is waited for', () => {
    const first = dueRun(delayed, facts('2026-11-25T03:00Z', monday))
    const later = { ...facts('2026-11-25T03:20Z', monday), chosen: first }
    expect(missed(delayed, later)).toBe(at(tuesday))
  })
})
