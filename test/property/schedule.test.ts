/** Every scheduled time is one instant on every calendar day, in every zone, and one run serves it. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dayMs, hourMs, minuteMs } from '../../src/base/clock.ts'
import { dueRun } from '../../src/policy/due.ts'
import { instantOf } from '../../src/policy/local-time.ts'
import { nextTimes, type Schedule } from '../../src/policy/schedule.ts'

/** Gaps at midnight, over midnight, of half an hour and of two; twice a year, around Ramadan, and abolished meanwhile. */
const oddZones = [
  'Africa/Cairo',
  'Africa/Casablanca',
  'America/Havana',
  'America/New_York',
  'America/Nuuk',
  'America/Santiago',
  'America/Sao_Paulo',
  'America/Scoresbysund',
  'America/St_Johns',
  'Antarctica/Troll',
  'Asia/Beirut',
  'Asia/Gaza',
  'Asia/Tehran',
  'Australia/Lord_Howe',
  'Europe/Berlin',
  'Europe/Dublin',
  'Europe/Volgograd',
  'Pacific/Apia',
  'Pacific/Chatham',
  'UTC',
]

const daily = (timeZone: string, minutesOfDay: readonly number[]): Schedule => ({
  minutesOfDay: [...minutesOfDay].sort((a, b) => a - b),
  weekly: null,
  timeZone,
  randomDelayMs: 0,
})

/** The clock on the wall, as text that sorts by time: made by another way than the program's. */
function wallClocks(timeZone: string): (timeMs: number) => string {
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone,
    dateStyle: 'short',
    timeStyle: 'medium',
  })
  return (timeMs) => format.format(timeMs)
}

const dayText = (day: number): string => new Date(day * dayMs).toISOString().slice(0, 10)
const timeText = (minute: number): string => new Date(minute * minuteMs).toISOString().slice(11, 19)

const day = (text: string): number => Date.parse(text) / dayMs

/** The days that a calendar on the wall shows between two dates. */
function daysShown(timeZone: string, from: number, to: number): Set<string> {
  const clock = wallClocks(timeZone)
  const shown = new Set<string>()
  for (let hour = (from - 1) * 24; hour < (to + 2) * 24; hour += 12) {
    const date = clock(hour * hourMs).slice(0, 10)
    if (date >= dayText(from) && date <= dayText(to)) shown.add(date)
  }
  return shown
}

/** How often each day has a time; every instant is that time on the wall, or the clock jumps over it there. */
function swept(
  timeZone: string,
  minute: number,
  [from, to]: readonly [number, number],
): Map<string, number> {
  const clock = wallClocks(timeZone)
  const [first = 0, last = 0] = [from, to].map((edge) => instantOf(edge, minute, timeZone))
  const times = nextTimes(daily(timeZone, [minute]), first - 1, to - from + 1)
  const counts = new Map<string, number>()
  for (const time of times.filter((instant) => instant <= last)) {
    const date = dateServed(clock, time, timeText(minute))
    counts.set(date, (counts.get(date) ?? 0) + 1)
  }
  return counts
}

function dateServed(clock: (timeMs: number) => string, time: number, wanted: string): string {
  const [date = '', shown] = clock(time).split(' ')
  if (shown === wanted) return date
  const before = clock(time - 1)
  const served = `${date} ${wanted}` < clock(time) ? date : before.slice(0, 10)
  expect(before < `${served} ${wanted}`).toBe(true)
  expect(clock(time) > `${served} ${wanted}`).toBe(true)
  return served
}

describe('each time of day', () => {
  const years = [day('2020-01-01'), day('2040-12-31')] as const

  test.each(oddZones)(
    'is one instant on every calendar day from 2020 to 2040 in %s',
    (timeZone) => {
      const wanted = daysShown(timeZone, ...years)
      for (const minute of [0, 2 * 60 + 30, 23 * 60 + 30]) {
        const counts = swept(timeZone, minute, years)
        expect([...counts.keys()].sort()).toEqual([...wanted].sort())
        expect([...counts.values()].every((count) => count === 1)).toBe(true)
      }
    },
  )

  test('is one instant on every calendar day around the day that Apia left out', () => {
    const counts = swept('Pacific/Apia', 600, [day('2011-12-01'), day('2012-01-31')])
    expect(counts.size).toBe(61)
    expect(counts.has('2011-12-30')).toBe(false)
    expect([...counts.values()].every((count) => count === 1)).toBe(true)
  })

  test('is the first quarter of an hour at which the clock on the wall has come to it, in all zones', () => {
    const zones = fc.constantFrom(...Intl.supportedValuesOf('timeZone'))
    const days = fc.integer({ min: years[0], max: years[1] })
    const quarters = fc.integer({ min: 0, max: 95 })
    fc.assert(
      fc.property(zones, days, quarters, (timeZone, date, quarter) => {
        const clock = wallClocks(timeZone)
        const wanted = `${dayText(date)} ${timeText(quarter * 15)}`
        let first = date * dayMs - 15 * hourMs
        while (clock(first) < wanted) first += 15 * minuteMs
        expect(instantOf(date, quarter * 15, timeZone)).toBe(first)
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('one run', () => {
  /** A machine that looks, sleeps and looks again; a run takes some minutes. The instants that it served. */
  function simulated(schedule: Schedule, from: number, pauses: readonly number[]): number[][] {
    const served: number[] = []
    const begun: number[] = []
    let [nowMs, servedUntilMs] = [from, from]
    for (const pause of pauses) {
      nowMs += pause
      const due = dueRun(schedule, { nowMs, servedUntilMs, machine: 'laptop' })
      if (due === undefined) continue
      served.push(due.scheduledMs)
      begun.push(due.startMs)
      nowMs = Math.max(nowMs, due.startMs) + 3 * minuteMs
      servedUntilMs = nowMs
    }
    return [served, begun]
  }

  // Hours: what a gap moves is then half an hour from the next time, or the same instant.
  const schedules = fc
    .record({
      timeZone: fc.constantFrom(...oddZones),
      hours: fc.uniqueArray(fc.integer({ min: 0, max: 23 }), { minLength: 1, maxLength: 3 }),
    })
    .map(({ timeZone, hours }) =>
      daily(
        timeZone,
        hours.map((hour) => hour * 60),
      ),
    )
  /** Shortly before clocks are changed somewhere. */
  const starts = fc
    .record({
      year: fc.integer({ min: 2020, max: 2037 }),
      date: fc.constantFrom('03-06', '03-24', '03-28', '04-01', '09-01', '10-01', '10-24', '10-30'),
    })
    .map(({ year, date }) => day(`${year}-${date}`))

  test('serves each instant, and none twice, when the machine looks every quarter of an hour', () => {
    fc.assert(
      fc.property(schedules, starts, (schedule, start) => {
        const looks = Array.from({ length: 5 * 96 }, () => 15 * minuteMs)
        const [served = []] = simulated(schedule, start * dayMs, looks)
        expect(served.length).toBeGreaterThanOrEqual(schedule.minutesOfDay.length * 4)
        expect(served).toEqual(nextTimes(schedule, start * dayMs, served.length))
      }),
      { numRuns: 40 },
    )
  })

  test('serves all that was slept through, never an instant twice, and begins within the delay', () => {
    const pauses = fc.array(fc.integer({ min: minuteMs, max: 5 * dayMs }), { maxLength: 60 })
    fc.assert(
      fc.property(schedules, starts, pauses, (schedule, start, sleeps) => {
        const delayed = { ...schedule, randomDelayMs: hourMs }
        const [served = [], begun = []] = simulated(delayed, start * dayMs, sleeps)
        expect(served).toEqual([...new Set(served)].sort((a, b) => a - b))
        served.forEach((instant, place) => {
          expect(begun[place]).toBeGreaterThanOrEqual(instant)
        })
      }),
      { numRuns: 200 },
    )
  })
})
