import { describe, expect, it } from 'vitest'
import {
  parseRate,
  ratesAt,
  rateText,
  type ThrottleSettings,
} from '../../../src/policy/throttle.ts'

const slow = { upload: 10_000, download: null }
const fast = { upload: null, download: null }
const at = (text: string) => Date.parse(text)

const office: ThrottleSettings = {
  rates: fast,
  workHours: { daysOfWeek: [1, 2, 3, 4, 5], fromMinute: 8 * 60, toMinute: 18 * 60, rates: slow },
}
const night: ThrottleSettings = {
  rates: fast,
  workHours: { daysOfWeek: [5], fromMinute: 22 * 60, toMinute: 6 * 60, rates: slow },
}

describe('rates of a line', () => {
  it.each([
    // 2026-11-24 is a Tuesday; Berlin is an hour ahead of UTC.
    ['within work hours', office, '2026-11-24T12:00:00Z', slow],
    ['in their first minute, by the clock of the zone', office, '2026-11-24T07:00:00Z', slow],
    ['a moment before', office, '2026-11-24T06:59:59Z', fast],
    ['when they end', office, '2026-11-24T17:00:00Z', fast],
    ['on a day that is none of theirs', office, '2026-11-28T12:00:00Z', fast],
    ['on the evening on which they begin', night, '2026-11-27T22:00:00Z', slow],
    ['on the morning after', night, '2026-11-28T04:59:00Z', slow],
    ['when the morning ends them', night, '2026-11-28T05:00:00Z', fast],
    ['on the morning of the day they begin on', night, '2026-11-27T04:00:00Z', fast],
  ])('%s', (_, settings, time, rates) => {
    expect(ratesAt(settings, at(time), 'Europe/Berlin')).toEqual(rates)
  })
})

describe('a rate in words', () => {
  it.each([
    ['10Mbit', 1_250_000],
    ['10 Mbit/s', 1_250_000],
    ['512kbit', 64_000],
    ['1023Mbit', 127_875_000],
    ['1.5MiB', 1_572_864],
    ['2MB/s', 2_000_000],
    ['none', null],
  ])('%s', (text, rate) => {
    expect(parseRate(text)).toBe(rate)
  })

  it.each(['10', 'fast', '', '-1Mbit', '10 apples', '511kbit', '1.1Gbit', '0Mbit'])(
    'is not %j',
    (text) => {
      expect(() => parseRate(text)).toThrow(expect.objectContaining({ code: 'usage' }))
    },
  )

  it('is told in bits, as providers do', () => {
    expect([rateText(1_250_000), rateText(62_500), rateText(null)]).toEqual([
      '10 Mbit/s',
      '500 kbit/s',
      'no limit',
    ])
  })
})
