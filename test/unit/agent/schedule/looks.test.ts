import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lookTimes } from '../../../../src/agent/schedule/looks.ts'
import { dayMs, minuteMs } from '../../../../src/base/clock.ts'
import { wallClock } from '../../../../src/policy/calendar.ts'
import { dayOfWeek, nextTimes, type Schedule } from '../../../../src/policy/schedule.ts'
import { at, weekly } from '../../../support/schedule-job.ts'

const everyDay = { daysOfWeek: null, timeZone: null }

describe('the times at which a facility looks', () => {
  test('are those of the schedule by day, each once, whatever the source', () => {
    expect(lookTimes([at(540, 1260), at(1260)])).toEqual([
      { minuteOfDay: 540, ...everyDay },
      { minuteOfDay: 1260, ...everyDay },
    ])
  })

  test('go on for two hours by night, when clocks are changed', () => {
    expect(lookTimes([at(150)]).map(({ minuteOfDay }) => minuteOfDay)).toEqual([150, 210, 270])
  })

  test('after midnight belong to the next day of the week', () => {
    expect(lookTimes([{ ...weekly([0, 6]), minutesOfDay: [23 * 60 + 30] }])).toEqual([
      { minuteOfDay: 30, daysOfWeek: [0, 1], timeZone: null },
      { minuteOfDay: 90, daysOfWeek: [0, 1], timeZone: null },
      { minuteOfDay: 1410, daysOfWeek: [0, 6], timeZone: null },
    ])
  })

  test('are in the zone of the policy, in every week of an n-th one', () => {
    expect(lookTimes([{ ...weekly([1], 4), timeZone: 'Asia/Tokyo' }])).toEqual([
      { minuteOfDay: 1260, daysOfWeek: [1], timeZone: 'Asia/Tokyo' },
    ])
  })

  test('leave no scheduled instant longer than two hours alone, though a facility skips what is no time', () => {
    const zones = fc.constantFrom(
      'Europe/Berlin',
      'America/Nuuk',
      'Antarctica/Troll',
      'Africa/Cairo',
    )
    const days = fc.integer({ min: 0, max: 366 * 8 })
    const minutes = fc.integer({ min: 0, max: 1439 })
    fc.assert(
      fc.property(zones, days, minutes, (timeZone, day, minute) => {
        const schedule: Schedule = { ...weekly([0, 3, 6]), minutesOfDay: [minute], timeZone }
        const [instant = 0] = nextTimes(schedule, Date.parse('2024-01-01') + day * dayMs, 1)
        const looks = lookTimes([schedule])
        const isLookedAt = (timeMs: number) => {
          const local = wallClock(timeMs, timeZone)
          return looks.some(
            ({ minuteOfDay, daysOfWeek }) =>
              (local % dayMs) / minuteMs === minuteOfDay &&
              daysOfWeek?.includes(dayOfWeek(Math.floor(local / dayMs))) === true,
          )
        }
        const later = Array.from({ length: 121 }, (_, passed) => instant + passed * minuteMs)
        expect(later.some(isLookedAt)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})
