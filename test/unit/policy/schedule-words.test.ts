import { describe, expect, test } from 'vitest'
import { hourMs, minuteMs, secondMs } from '../../../src/base/clock.ts'
import { defaultSchedule } from '../../../src/policy/schedule.ts'
import {
  parseDuration,
  parseTimeOfDay,
  parseWeekdays,
  scheduleText,
} from '../../../src/policy/schedule-words.ts'

const usage = expect.objectContaining({ code: 'usage' }) as unknown

describe('words of a schedule', () => {
  test.each([
    ['00:00', 0],
    ['9:05', 545],
    ['23:59', 1439],
  ])('%s is a time of day', (text, minute) => {
    expect(parseTimeOfDay(text)).toBe(minute)
  })

  test.each(['24:00', '12:60', '9', '9:5', '21:00:00', '', '-1:00', 'noon'])(
    '%j is none',
    (text) => {
      expect(() => parseTimeOfDay(text)).toThrow(usage)
    },
  )

  test('days may be short or long, in any letters', () => {
    expect(parseWeekdays('sun, Mon,TUESDAY,thurs,sat')).toEqual([0, 1, 2, 4, 6])
  })

  test.each(['', 'mo', 'mon,', 'monn', 'mon;tue'])('%j names no days', (text) => {
    expect(() => parseWeekdays(text)).toThrow(usage)
  })

  test.each([
    ['90s', 90 * secondMs],
    ['15m', 15 * minuteMs],
    ['2h', 2 * hourMs],
    ['0', 0],
  ])('%s is a duration', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  test.each(['15', '-1m', '1.5h', 'm', '1d', ''])('%j is none', (text) => {
    expect(() => parseDuration(text)).toThrow(usage)
  })
})

describe('a schedule in words', () => {
  test('daily, by default', () => {
    expect(scheduleText(defaultSchedule)).toBe('daily at 21:00, local time')
  })

  test('weekly, with all that can be set', () => {
    expect(
      scheduleText({
        minutesOfDay: [540, 750, 1260],
        weekly: { daysOfWeek: [0, 1, 4], everyWeeks: 2, countedFrom: 0 },
        timeZone: 'Europe/Berlin',
        randomDelayMs: 15 * minuteMs,
      }),
    ).toBe(
      'every 2nd week on Monday, Thursday and Sunday at 09:00, 12:30 and 21:00, Europe/Berlin, up to 15 min later',
    )
  })
})
