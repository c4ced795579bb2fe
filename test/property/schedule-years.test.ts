/** Three years of a machine that is always on, in every zone that changes its clocks, by a clock that is made up. */

import { describe, expect, test } from 'vitest'
import { dayMs, minuteMs } from '../../src/base/clock.ts'
import { judge } from '../../src/policy/due.ts'
import type { Schedule } from '../../src/policy/schedule.ts'

const from = Date.parse('2026-01-01T12:00Z')
const to = Date.parse('2029-01-01T12:00Z')

const wallClock = (timeZone: string) =>
  new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' })

/** What the clock shows at noon UTC of each fourth day: zones of the same rules show the same. */
function shownBy(timeZone: string): string[] {
  const format = wallClock(timeZone)
  const days = Array.from({ length: (to - from) / dayMs / 4 }, (_, at) => from + at * 4 * dayMs)
  return days.map((time) => format.format(time).slice(11))
}

/** One of each set of rules under which clocks are changed. */
function changingZones(): string[] {
  const byRule = new Map<string, string>()
  for (const timeZone of Intl.supportedValuesOf('timeZone')) {
    const shown = shownBy(timeZone)
    if (new Set(shown).size > 1) byRule.set(shown.join(), timeZone)
  }
  return [...byRule.values()]
}

/** The days that were served, as the clock on the wall shows them. It looks when the last verdict told it to. */
function daysServed(schedule: Schedule): string[] {
  const format = wallClock(schedule.timeZone)
  const served: string[] = []
  let [nowMs, servedUntilMs] = [from, from]
  while (nowMs < to) {
    const verdict = judge(schedule, { nowMs, servedUntilMs, machine: 'laptop' })
    if (verdict.kind === 'not-due') {
      nowMs = verdict.nextMs
      continue
    }
    expect(verdict.startMs).toBe(nowMs)
    served.push(format.format(nowMs).slice(0, 10))
    // A run of some minutes, also over the hour that comes twice.
    nowMs += 5 * minuteMs
    servedUntilMs = nowMs
  }
  return served
}

describe('in three years', () => {
  const zones = changingZones()

  test('there are zones of many rules', () => {
    expect(zones.length).toBeGreaterThan(15)
  })

  test.each(zones)('half past two comes once a day in %s', (timeZone) => {
    const schedule = { minutesOfDay: [150], weekly: null, timeZone, randomDelayMs: 0 }
    const served = daysServed(schedule)
    const first = Date.parse(`${served[0] ?? ''}T00:00Z`)
    const days = served.map((_, at) => new Date(first + at * dayMs).toISOString().slice(0, 10))
    expect(served).toEqual(days)
    expect(served.length).toBe((to - from) / dayMs)
  })
})
