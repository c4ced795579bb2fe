import { describe, expect, test } from 'vitest'
import { BackupError } from '../../../src/base/errors.ts'
import { hourMs } from '../../../src/base/clock.ts'
import {
  checkedSchedule,
  defaultSchedule,
  lastTime,
  nextTimes,
  scheduleAt,
  type Schedule,
} from '../../../src/policy/schedule.ts'

const at = (text: string): number => Date.parse(text)

const minuteOf = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3))

const daily = (timeZone: string, ...times: readonly string[]): Schedule => ({
  minutesOfDay: times.map(minuteOf),
  weekly: null,
  timeZone,
  randomDelayMs: 0,
})

const weekly = (daysOfWeek: readonly number[], everyWeeks: number, from: string): Schedule => ({
  ...daily('UTC', '21:00'),
  weekly: { daysOfWeek, everyWeeks, countedFrom: at(from) / (24 * hourMs) },
})

const shown = (times: readonly number[]): string[] =>
  times.map((time) => new Date(time).toISOString().slice(0, 16))

const next = (schedule: Schedule, after: string, count: number): string[] =>
  shown(nextTimes(schedule, at(after), count))

describe('the next times', () => {
  test('by default it is 21:00 where the machine is, every day', () => {
    const schedule = scheduleAt(defaultSchedule, 'Asia/Tokyo')
    expect(next(schedule, '2026-11-23T12:00Z', 2)).toEqual(['2026-11-24T12:00', '2026-11-25T12:00'])
  })

  test('a zone that is set holds wherever the machine is', () => {
    const schedule = scheduleAt({ ...defaultSchedule, timeZone: 'UTC' }, 'Asia/Tokyo')
    expect(next(schedule, '2026-11-23T12:00Z', 1)).toEqual(['2026-11-23T21:00'])
  })

  test('three times a day come in their order, over midnight', () => {
    const schedule = daily('UTC', '00:00', '09:30', '23:59')
    expect(next(schedule, '2026-12-31T09:30Z', 4)).toEqual([
      '2026-12-31T23:59',
      '2027-01-01T00:00',
      '2027-01-01T09:30',
      '2027-01-01T23:59',
    ])
  })

  test('the instant itself is not after it', () => {
    expect(next(daily('UTC', '21:00'), '2026-11-23T21:00Z', 1)).toEqual(['2026-11-24T21:00'])
    expect(next(daily('UTC', '21:00'), '2026-11-23T20:59:59.999Z', 1)).toEqual(['2026-11-23T21:00'])
  })

  test('a weekly schedule knows its days only', () => {
    expect(next(weekly([1, 4], 1, '2026-11-23'), '2026-11-23T22:00Z', 3)).toEqual([
      '2026-11-26T21:00',
      '2026-11-30T21:00',
      '2026-12-03T21:00',
    ])
  })

  test.each([2, 3, 4])('every %i. week counts from the week that was named, both ways', (n) => {
    const schedule = weekly([0, 1], n, '2026-11-25')
    const firstSunday = at('2026-11-29T21:00Z')
    const weeks = n * 7 * 24 * hourMs
    const sundays = nextTimes(schedule, firstSunday - 1, 5).filter((_, place) => place % 2 === 0)
    expect(sundays).toEqual([firstSunday, firstSunday + weeks, firstSunday + 2 * weeks])
    expect(lastTime(schedule, firstSunday - weeks)).toBe(firstSunday - weeks)
  })

  test('a week begins on Monday: its Sunday is six days later', () => {
    const schedule = weekly([0, 1], 4, '2026-11-23')
    expect(next(schedule, '2026-11-22T00:00Z', 3)).toEqual([
      '2026-11-23T21:00',
      '2026-11-29T21:00',
      '2026-12-21T21:00',
    ])
  })
})

describe('daylight saving', () => {
  test('a time that does not exist is the first instant after the gap', () => {
    expect(next(daily('Europe/Berlin', '02:30'), '2026-03-28T12:00Z', 2)).toEqual([
      '2026-03-29T01:00',
      '2026-03-30T00:30',
    ])
  })

  test('a time that exists twice is the first of the two', () => {
    expect(next(daily('Europe/Berlin', '02:30'), '2026-10-24T12:00Z', 2)).toEqual([
      '2026-10-25T00:30',
      '2026-10-26T01:30',
    ])
  })

  test('times on both edges of a gap are told apart, those within it are one instant', () => {
    const schedule = daily('Europe/Berlin', '01:59', '02:00', '02:59')
    expect(next(schedule, '2026-03-28T12:00Z', 3)).toEqual([
      '2026-03-29T00:59',
      '2026-03-29T01:00',
      '2026-03-29T23:59',
    ])
  })

  test('half an hour at Lord Howe', () => {
    const skipped = daily('Australia/Lord_Howe', '02:15')
    expect(next(skipped, '2026-10-02T18:00Z', 2)).toEqual(['2026-10-03T15:30', '2026-10-04T15:15'])
    const repeated = daily('Australia/Lord_Howe', '01:45')
    expect(next(repeated, '2026-04-03T18:00Z', 2)).toEqual(['2026-04-04T14:45', '2026-04-05T15:15'])
  })

  test('two hours at Troll', () => {
    const schedule = daily('Antarctica/Troll', '01:30')
    expect(next(schedule, '2026-03-28T12:00Z', 2)).toEqual(['2026-03-29T01:00', '2026-03-29T23:30'])
  })

  test('a midnight that does not exist belongs to the day that begins later', () => {
    const schedule = daily('America/Sao_Paulo', '00:00', '00:30')
    expect(next(schedule, '2018-11-03T12:00Z', 3)).toEqual([
      '2018-11-04T03:00',
      '2018-11-05T02:00',
      '2018-11-05T02:30',
    ])
  })

  test('an evening that ends in a gap runs as the next day begins', () => {
    const schedule = daily('America/Nuuk', '23:30')
    expect(next(schedule, '2027-03-27T12:00Z', 2)).toEqual(['2027-03-28T01:00', '2027-03-29T00:30'])
  })

  test('the end of an hour that is repeated is after both', () => {
    expect(next(daily('Europe/Berlin', '03:00'), '2026-10-24T12:00Z', 1)).toEqual([
      '2026-10-25T02:00',
    ])
  })

  test('a clock that is set back over midnight does not repeat the times of either day', () => {
    // Until 2011, clocks in Newfoundland went from 00:01 back to 23:01.
    const schedule = daily('America/St_Johns', '00:00', '23:30')
    const times = ['2010-11-07T02:00', '2010-11-07T02:30', '2010-11-08T03:00', '2010-11-08T03:30']
    expect(next(schedule, '2010-11-06T12:00Z', 4)).toEqual(times)
    expect(next(schedule, '2010-11-07T02:31Z', 1)).toEqual(['2010-11-08T03:00'])
    expect(shown([lastTime(schedule, at('2010-11-07T02:50Z'))])).toEqual(['2010-11-07T02:30'])
  })

  test('a day that a country left out has no times', () => {
    const schedule = daily('Pacific/Apia', '10:00', '23:00')
    expect(next(schedule, '2011-12-29T20:00Z', 3)).toEqual([
      '2011-12-30T09:00',
      '2011-12-30T20:00',
      '2011-12-31T09:00',
    ])
  })
})

describe('what can be set', () => {
  const settings = { ...defaultSchedule, minutesOfDay: [600] }

  const refusal = (change: object): BackupError => {
    try {
      checkedSchedule({ ...settings, ...change })
    } catch (error) {
      if (error instanceof BackupError) return error
    }
    throw new Error('It was not refused.')
  }

  test('times and days are put in order, each once', () => {
    const weekly = { daysOfWeek: [4, 1, 4], everyWeeks: 2, countedFrom: 0 }
    expect(checkedSchedule({ ...settings, minutesOfDay: [1260, 540, 1260], weekly })).toEqual({
      ...settings,
      minutesOfDay: [540, 1260],
      weekly: { ...weekly, daysOfWeek: [1, 4] },
    })
  })

  test('a fourth time of day is refused, with the reason', () => {
    const error = refusal({ minutesOfDay: [0, 60, 120, 180] })
    expect(error.code).toBe('usage')
    expect(error.message).toBe('A source is backed up at most 3 times a day; 4 are asked for.')
  })

  test.each([
    ['no time', { minutesOfDay: [] }],
    ['24:00', { minutesOfDay: [1440] }],
    ['half minutes', { minutesOfDay: [0.5] }],
    ['an eighth day', { weekly: { daysOfWeek: [7], everyWeeks: 1, countedFrom: 0 } }],
    ['no day', { weekly: { daysOfWeek: [], everyWeeks: 1, countedFrom: 0 } }],
    ['every 5th week', { weekly: { daysOfWeek: [1], everyWeeks: 5, countedFrom: 0 } }],
    ['every 0th week', { weekly: { daysOfWeek: [1], everyWeeks: 0, countedFrom: 0 } }],
    ['a zone that does not exist', { timeZone: 'Europe/Atlantis' }],
    ['an offset for a zone', { timeZone: '+01:00' }],
    ['a negative delay', { randomDelayMs: -1 }],
    ['a delay over 6 hours', { randomDelayMs: 6 * hourMs + 1 }],
  ])('%s is refused', (_, change) => {
    expect(refusal(change).code).toBe('usage')
  })

  test('a zone gets the letters that its file has', () => {
    expect(checkedSchedule({ ...settings, timeZone: 'europe/berlin' }).timeZone).toBe(
      'Europe/Berlin',
    )
    expect(checkedSchedule({ ...settings, timeZone: 'US/Eastern' }).timeZone).toBe('US/Eastern')
  })
})
