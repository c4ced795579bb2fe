import { describe, expect, it } from 'vitest'
import { BackupError } from '../../../../src/base/errors.ts'
import { openPolicyFile, policyText } from '../../../../src/agent/policy-file/policy-file.ts'
import { emptyPolicy } from '../../../../src/agent/state/change-policy.ts'
import type { SourcePolicy } from '../../../../src/agent/state/policy-state.ts'
import { defaultRetention } from '../../../../src/policy/retention.ts'

const context = { platform: 'linux' as const, old: emptyPolicy, nowMs: 0, timeZone: 'UTC' }
const read = (text: string): SourcePolicy =>
  openPolicyFile(new TextEncoder().encode(text), 'p.yaml').policy(context)

const whole = `
retention:
  daily: 60
  weekly: none
  yearly: 99
  from: 20:00
  week-days: [thu, sun]
  month-day: last-fri
  year-month: 6
  year-day: last
  time-zone: Europe/Berlin
`

describe('retention in a policy file', () => {
  it('says all there is to say; what it leaves out is as by default', () => {
    expect(read(whole).retention).toEqual({
      keep: { daily: 60, weekly: null, monthly: 12, yearly: 99 },
      minuteOfDay: 1_200,
      daysOfWeek: [0, 4],
      monthly: { kind: 'weekday', nth: 5, weekday: 5 },
      yearly: { month: 6, day: { kind: 'day', day: 31 } },
      timeZone: 'Europe/Berlin',
    })
    expect(read('retention: {daily: 30}').retention).toEqual(defaultRetention)
  })

  it('that is not there leaves it to the vault', () => {
    expect(read('include: [/home]').retention).toBeUndefined()
  })

  it('is written so that reading gives the same', () => {
    const policy = read(whole)
    expect(read(policyText('files', policy)).retention).toEqual(policy.retention)
  })

  it.each([
    ['retention: {daily: 6}', /7 to 36135/],
    ['retention: {yearly: 100}', /1 to 99/],
    ['retention: {daily: many}', /neither a number nor none/],
    ['retention: {month-day: 32}', /no day of a month/],
    ['retention: {month-day: fifth-mon}', /no day of a month/],
    ['retention: {year-month: 13}', /no month/],
    ['retention: {week-days: []}', /a day is missing/],
    ['retention: {time-zone: Europe/Nowhere}', /no time zone/],
    ['retention: {hourly: 3}', /not known here/],
  ])('is refused with its place: %s', (text, message) => {
    expect(() => read(text)).toThrow(BackupError)
    expect(() => read(text)).toThrow(message)
  })
})
