import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dayMs, hourMs } from '../../src/base/clock.ts'
import { retentionTags, type RetentionTag } from '../../src/model/point-record.ts'
import {
  checkRetention,
  defaultRetention,
  retentionOf,
  type DayOfMonth,
  type LastTagged,
  type RetentionPolicy,
} from '../../src/policy/retention.ts'
import {
  judgePoints,
  type KeptPoint,
  type RetentionRules,
} from '../../src/policy/retention-verdict.ts'

const startMs = Date.parse('2026-11-25T21:30Z')

/** Points as a vault makes them: each commit sees the tags before it. */
function commitAt(times: readonly number[], policy: RetentionPolicy): KeptPoint[] {
  let last: LastTagged = {}
  return times.map((committedAt, index) => {
    const { tags, retainUntil, lockUntil } = retentionOf(policy, committedAt, last)
    last = { ...last, ...Object.fromEntries(tags.map((tag) => [tag, committedAt])) }
    const state = { undeletedUntil: null, wantedUntil: null, isHeld: false }
    return { seq: index + 1, committedAt, tags, retainUntil, lockUntil, ...state }
  })
}

const keep = (least: number, most: number) => fc.option(fc.integer({ min: least, max: most }))

const dayOfMonth: fc.Arbitrary<DayOfMonth> = fc.oneof(
  fc.record({ kind: fc.constant('day' as const), day: fc.integer({ min: 1, max: 31 }) }),
  fc.record({
    kind: fc.constant('weekday' as const),
    nth: fc.integer({ min: 1, max: 5 }),
    weekday: fc.integer({ min: 0, max: 6 }),
  }),
)

const policies: fc.Arbitrary<RetentionPolicy> = fc.record({
  keep: fc.record({
    daily: keep(7, 400),
    weekly: keep(4, 100),
    monthly: keep(3, 60),
    yearly: keep(1, 99),
  }),
  minuteOfDay: fc.integer({ min: 0, max: 1_439 }),
  daysOfWeek: fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1 }),
  monthly: dayOfMonth,
  yearly: fc.record({ month: fc.integer({ min: 1, max: 12 }), day: dayOfMonth }),
  timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/St_Johns', 'Pacific/Apia'),
})

const gaps = fc.array(fc.integer({ min: 0, max: 9 * 24 }), { minLength: 1, maxLength: 40 })
const timesOf = (hours: readonly number[]): number[] => {
  let at = startMs
  return hours.map((gap) => (at += gap * hourMs))
}

const sources = fc.record({ hours: gaps, policy: policies })
const laterMs = fc.integer({ min: 0, max: 3_000 }).map((days) => days * dayMs)
const rulesOf = (...inForce: RetentionPolicy[]): RetentionRules => ({
  policies: inForce,
  promisesSince: Infinity,
})

const endOf = (until: number | null): number => until ?? Infinity

describe('a verdict', () => {
  test('is never "expired" before the lock ends, on hold, or for the last point of a registered source', () => {
    fc.assert(
      fc.property(sources, laterMs, fc.nat(), ({ hours, policy }, later, held) => {
        const points = commitAt(timesOf(hours), policy).map((point, index, all) => ({
          ...point,
          isHeld: index === held % all.length,
        }))
        const nowMs = startMs + later
        const facts = { nowMs, isRegistered: true }
        const verdicts = judgePoints(points, rulesOf(policy), facts)
        expect(verdicts.at(-1)).toMatchObject({ state: 'kept', until: null })
        for (const { point, state } of verdicts) {
          if (point.isHeld || point.lockUntil > nowMs) expect(state).toBe('kept')
        }
      }),
    )
  })

  test('changes at its own "until" and at no other time', () => {
    fc.assert(
      fc.property(sources, laterMs, ({ hours, policy }, later) => {
        const points = commitAt(timesOf(hours), policy)
        const at = (nowMs: number) =>
          judgePoints(points, rulesOf(policy), { nowMs, isRegistered: false })
        for (const [index, { until, state }] of at(startMs + later).entries()) {
          if (until === null) throw new Error('nothing keeps a point of a retired machine for ever')
          expect(state).toBe(until > startMs + later ? 'kept' : 'expired')
          expect(at(until - 1)[index]).toMatchObject({ state: 'kept', until })
          expect(at(until)[index]).toMatchObject({ state: 'expired', until })
        }
      }),
    )
  })

  test('names what keeps the point as long as it says, and nothing that is over', () => {
    fc.assert(
      fc.property(sources, laterMs, ({ hours, policy }, later) => {
        const facts = { nowMs: startMs + later, isRegistered: true }
        for (const { until, reasons, state } of judgePoints(
          commitAt(timesOf(hours), policy),
          rulesOf(policy),
          facts,
        )) {
          const ends = reasons.map((reason) => endOf(reason.until))
          expect(Math.max(...ends)).toBe(endOf(until))
          if (state === 'kept') expect(Math.min(...ends)).toBeGreaterThan(facts.nowMs)
        }
      }),
    )
  })

  test('of a policy beside another is never shorter than that of either', () => {
    fc.assert(
      fc.property(sources, policies, laterMs, ({ hours, policy }, other, later) => {
        const points = commitAt(timesOf(hours), policy)
        const facts = { nowMs: startMs + later, isRegistered: true }
        const ends = (...inForce: RetentionPolicy[]) =>
          judgePoints(points, rulesOf(...inForce), facts).map(({ until }) => endOf(until))
        const [first, second] = [ends(policy), ends(other)]
        ends(policy, other).forEach((both, index) => {
          expect(both).toBe(Math.max(first[index] ?? 0, second[index] ?? 0))
        })
      }),
    )
  })

  test('is at least what was promised at the commit, unless a shortening has ended promises', () => {
    fc.assert(
      fc.property(sources, policies, ({ hours, policy }, shorter) => {
        const points = commitAt(timesOf(hours), policy)
        const facts = { nowMs: startMs, isRegistered: false }
        const since = points[Math.floor(points.length / 2)]?.committedAt ?? 0
        const rules = { policies: [shorter], promisesSince: since }
        for (const { point, until } of judgePoints(points, rules, facts)) {
          expect(endOf(until)).toBeGreaterThanOrEqual(point.lockUntil)
          if (point.committedAt >= since)
            expect(endOf(until)).toBeGreaterThanOrEqual(point.retainUntil)
        }
      }),
    )
  })

  test('does not depend on how many newer points there are: a flood pushes nothing out', () => {
    fc.assert(
      fc.property(sources, fc.integer({ min: 1, max: 300 }), ({ hours, policy }, flood) => {
        const times = timesOf(hours)
        const after = Array.from({ length: flood }, (_, index) => (times.at(-1) ?? 0) + index)
        const facts = { nowMs: after.at(-1) ?? 0, isRegistered: false }
        const judged = (all: readonly number[]) =>
          judgePoints(commitAt(all, policy), rulesOf(policy), facts).slice(0, times.length)
        expect(judged([...times, ...after])).toEqual(judged(times))
      }),
    )
  })
})

describe('policies', () => {
  test('that are made within the limits are accepted', () => {
    fc.assert(
      fc.property(policies, (policy) => {
        checkRetention(policy)
      }),
    )
  })
})

/**
 * The same rules written down once more, for UTC and 21:00, by grouping: every day, week, month and year that begins at 21:00
 * belongs to the first point in it, and Date itself does the calendar.
 */
function endsIndependently(times: readonly number[]): number[] {
  const owners = new Map<string, number>()
  const tags = new Map<number, RetentionTag[]>()
  for (const time of times) {
    for (const tag of retentionTags) {
      const period = `${tag} ${periodName(tag, new Date(time - 21 * hourMs))}`
      if (owners.has(period)) continue
      owners.set(period, time)
      tags.set(time, [...(tags.get(time) ?? []), tag])
    }
  }
  return times.map((time) =>
    Math.max(...(tags.get(time) ?? ['daily']).map((tag) => endsAt(tag, time))),
  )
}

function periodName(tag: RetentionTag, day: Date): string {
  const text = day.toISOString()
  if (tag === 'daily') return text.slice(0, 10)
  if (tag === 'monthly') return text.slice(0, 7)
  if (tag === 'yearly') return text.slice(0, 4)
  const monday = new Date(day)
  monday.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7))
  return monday.toISOString().slice(0, 10)
}

function endsAt(tag: RetentionTag, time: number): number {
  if (tag === 'daily') return time + 30 * dayMs
  if (tag === 'weekly') return time + 12 * 7 * dayMs
  const end = new Date(time)
  end.setUTCDate(1)
  end.setUTCMonth(end.getUTCMonth() + (tag === 'monthly' ? 12 : 120))
  const lastDay = new Date(Date.UTC(end.getUTCFullYear(), end.getUTCMonth() + 1, 0)).getUTCDate()
  end.setUTCDate(Math.min(new Date(time).getUTCDate(), lastDay))
  return end.getTime()
}

test('three years at three points a day keep what an independent calculation keeps, each day', () => {
  const times = Array.from({ length: 3 * 365 * 3 }, (_, index) => startMs + index * 8 * hourMs)
  const points = commitAt(times, defaultRetention)
  const ends = endsIndependently(times)
  for (let day = 1; day <= 3 * 365; day++) {
    const nowMs = startMs + day * dayMs
    const made = times.filter((time) => time <= nowMs).length
    const facts = { nowMs, isRegistered: true }
    const verdicts = judgePoints(points.slice(0, made), rulesOf(defaultRetention), facts)
    const kept = verdicts.map(({ state }) => state === 'kept')
    expect(kept).toEqual(ends.slice(0, made).map((end, index) => end > nowMs || index === made - 1))
  }
})
