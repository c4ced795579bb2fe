import { describe, expect, test } from 'vitest'
import { dayMs, hourMs } from '../../../src/base/clock.ts'
import type { RetentionTag } from '../../../src/model/point-record.ts'
import {
  checkRetention,
  defaultRetention,
  retentionOf,
  type LastTagged,
} from '../../../src/policy/retention.ts'

const at = (text: string): number => Date.parse(text)

/** Commits at each time in turn, each seeing the tags before it. */
function tagsInTurn(times: readonly string[], policy = defaultRetention): RetentionTag[][] {
  let last: LastTagged = {}
  return times.map((time) => {
    const { tags } = retentionOf(policy, at(time), last)
    last = { ...last, ...Object.fromEntries(tags.map((tag) => [tag, at(time)])) }
    return [...tags]
  })
}

describe('tags', () => {
  test('the first point of all takes every tag', () => {
    expect(retentionOf(defaultRetention, at('2026-11-23T10:00Z'), {}).tags).toEqual([
      'daily',
      'weekly',
      'monthly',
      'yearly',
    ])
  })

  test('the first point at or after 21:00 takes the daily tag, later ones of that day do not', () => {
    expect(
      tagsInTurn([
        '2026-11-24T10:00Z',
        '2026-11-24T20:59:59.999Z',
        '2026-11-24T21:00Z',
        '2026-11-25T02:00Z',
        '2026-11-25T21:05Z',
      ]).slice(1),
    ).toEqual([[], ['daily'], [], ['daily']])
  })

  test('a week begins on Monday at 21:00, a month on its first day, a year on the first of January', () => {
    const times = [
      '2026-11-25T21:00Z',
      '2026-11-30T20:00Z',
      '2026-11-30T21:00Z',
      '2026-12-01T20:00Z',
      '2026-12-01T21:00Z',
      '2027-01-01T21:00Z',
    ]
    expect(tagsInTurn(times).slice(1)).toEqual([
      ['daily'],
      ['daily', 'weekly'],
      [],
      ['daily', 'monthly'],
      ['daily', 'weekly', 'monthly', 'yearly'],
    ])
  })

  test('a missed tag passes to the next success', () => {
    expect(tagsInTurn(['2026-11-25T21:00Z', '2027-03-17T09:00Z'])[1]).toEqual([
      'daily',
      'weekly',
      'monthly',
      'yearly',
    ])
  })

  test('a clock that goes back takes no tag a second time', () => {
    expect(tagsInTurn(['2026-11-25T21:00Z', '2026-11-20T21:00Z'])[1]).toEqual([])
  })

  test("a day is the zone's day, also where it has 23 or 25 hours", () => {
    const berlin = { ...defaultRetention, timeZone: 'Europe/Berlin' }
    const times = [
      '2026-03-28T20:00Z',
      '2026-03-29T18:59Z',
      '2026-03-29T19:00Z',
      '2026-10-24T19:00Z',
      '2026-10-25T19:59Z',
      '2026-10-25T20:00Z',
    ]
    expect(tagsInTurn(times, berlin).map((tags) => tags.includes('daily'))).toEqual([
      true,
      false,
      true,
      true,
      false,
      true,
    ])
  })

  test('the 31st is the last day of a shorter month', () => {
    const last = { ...defaultRetention, monthly: { kind: 'day', day: 31 } } as const
    const times = [
      '2027-02-01T21:00Z',
      '2027-02-27T21:00Z',
      '2027-02-28T21:00Z',
      '2027-03-30T21:00Z',
      '2027-03-31T21:00Z',
    ]
    expect(tagsInTurn(times, last).map((tags) => tags.includes('monthly'))).toEqual([
      true,
      false,
      true,
      false,
      true,
    ])
  })

  test('a tag that the policy does not keep is not given', () => {
    const policy = {
      ...defaultRetention,
      keep: { ...defaultRetention.keep, weekly: null, yearly: null },
    }
    expect(retentionOf(policy, at('2026-11-23T22:00Z'), {}).tags).toEqual(['daily', 'monthly'])
  })
})

describe('how long', () => {
  const only = (tag: RetentionTag, count: number, nowMs: number) =>
    retentionOf(
      {
        ...defaultRetention,
        keep: { daily: null, weekly: null, monthly: null, yearly: null, [tag]: count },
      },
      nowMs,
      {},
    )

  test('is that of the longest tag; the lock is its floor', () => {
    const now = at('2026-11-23T22:00Z')
    expect(retentionOf(defaultRetention, now, {})).toMatchObject({
      retainUntil: at('2036-11-23T22:00Z'),
      lockUntil: at('2027-11-23T22:00Z'),
    })
    const taken = { daily: now - dayMs, weekly: now, monthly: now, yearly: now }
    expect(retentionOf(defaultRetention, now, taken)).toEqual({
      tags: ['daily'],
      retainUntil: now + 30 * dayMs,
      lockUntil: now + 7 * dayMs,
    })
  })

  test('a point without a tag is kept like a daily one', () => {
    const now = at('2026-11-23T22:00Z')
    const taken = { daily: now, weekly: now, monthly: now, yearly: now }
    expect(retentionOf(defaultRetention, now + hourMs, taken)).toEqual({
      tags: [],
      retainUntil: now + hourMs + 30 * dayMs,
      lockUntil: now + hourMs + 7 * dayMs,
    })
  })

  test.each([
    ['monthly', 3, '2026-11-30T22:00Z', '2027-02-28T22:00Z'],
    ['monthly', 3, '2027-11-30T22:00Z', '2028-02-29T22:00Z'],
    ['monthly', 12, '2027-01-31T00:00Z', '2028-01-31T00:00Z'],
    ['yearly', 1, '2028-02-29T23:59Z', '2029-02-28T23:59Z'],
    ['yearly', 4, '2028-02-29T23:59Z', '2032-02-29T23:59Z'],
    ['yearly', 99, '2026-12-31T21:00Z', '2125-12-31T21:00Z'],
    ['daily', 36_135, '2026-11-23T21:00Z', '2125-10-30T21:00Z'],
    ['weekly', 4, '2027-02-28T21:00Z', '2027-03-28T21:00Z'],
  ] as const)('%s × %i from %s ends on %s', (tag, count, from, until) => {
    expect(new Date(only(tag, count, at(from)).retainUntil).toISOString()).toBe(
      new Date(at(until)).toISOString(),
    )
  })

  test.each([
    ['daily', 6],
    ['weekly', 3],
    ['monthly', 2],
    ['yearly', 0],
    ['yearly', 100],
    ['daily', 7.5],
  ] as const)('%s × %d is outside the limits', (tag, count) => {
    const keep = { ...defaultRetention.keep, [tag]: count }
    expect(() => checkRetention({ ...defaultRetention, keep })).toThrow(/can not be kept/)
  })
})
