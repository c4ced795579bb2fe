/**
 * How long a recovery point is kept: decided when it is committed, by the vault's clock alone.
 * The first point at or after each scheduled instant takes the tag of that period; a missed instant passes to the next success.
 */

import { BackupError } from '../base/errors.ts'
import { dayMs } from '../base/clock.ts'
import { retentionTags, type RetentionTag } from '../model/point-record.ts'
import { addMonths, dateOfDay, daysInMonth, lastDayAt, type CalendarDate } from './calendar.ts'

export interface RetentionPolicy {
  /** For how many days, weeks, months, years the point with the tag is kept; null: the tag is not given. */
  readonly keep: Readonly<Record<RetentionTag, number | null>>
  /** Local time of day from which a point counts for the day, minutes since midnight. */
  readonly minuteOfDay: number
  /** On which days the weekly tag is given: 0 Sunday to 6 Saturday, one at least. */
  readonly daysOfWeek: readonly number[]
  readonly monthly: DayOfMonth
  readonly yearly: DayOfYear
  /** IANA name of the zone in which the instants are scheduled. */
  readonly timeZone: string
}

export type DayOfMonth =
  /** 1 to 31; in shorter months the last day. */
  | { readonly kind: 'day'; readonly day: number }
  /** The first to the fourth of a weekday; 5: the last. */
  | { readonly kind: 'weekday'; readonly nth: number; readonly weekday: number }

export interface DayOfYear {
  /** 1 to 12. */
  readonly month: number
  readonly day: DayOfMonth
}

export const defaultRetention: RetentionPolicy = {
  keep: { daily: 30, weekly: 12, monthly: 12, yearly: 10 },
  minuteOfDay: 21 * 60,
  daysOfWeek: [1],
  monthly: { kind: 'day', day: 1 },
  yearly: { month: 1, day: { kind: 'day', day: 1 } },
  timeZone: 'UTC',
}

/** Vault's time of the last point that took the tag, ms. */
export type LastTagged = Readonly<Partial<Record<RetentionTag, number>>>

export interface Retention {
  /** In the order of `retentionTags`. */
  readonly tags: readonly RetentionTag[]
  /** ms since 1970, UTC. */
  readonly retainUntil: number
  readonly lockUntil: number
}

/**
 * Tags and times of a point that is committed at `nowMs`. A point without a tag (the second of a day) is kept and locked
 * like a daily one. Durations are reckoned in UTC: a day is 24 hours, a month ends on its last day where it has no such day.
 */
export function retentionOf(policy: RetentionPolicy, nowMs: number, last: LastTagged): Retention {
  const tags = retentionTags.filter((tag) => takesTag(policy, tag, { nowMs, lastMs: last[tag] }))
  const counted = countedTags(tags)
  const lockUntil = Math.max(...counted.map((tag) => after(tag, floors[tag], nowMs)))
  const kept = counted.map((tag) => keptByTag(policy, tag, nowMs))
  return { tags, retainUntil: Math.max(lockUntil, ...kept), lockUntil }
}

/** A point without a tag is kept like a daily one. */
export const countedTags = (tags: readonly RetentionTag[]): readonly RetentionTag[] =>
  tags.length === 0 ? ['daily'] : tags

/** How long a policy keeps a point for its tag; one that no longer gives the tag keeps it for the floor. */
export const keptByTag = (
  policy: RetentionPolicy,
  tag: RetentionTag,
  committedAt: number,
): number => after(tag, policy.keep[tag] ?? floors[tag], committedAt)

/** Under these a vault keeps nothing: 7 days, 4 weeks, 3 months, 1 year. */
const floors: Readonly<Record<RetentionTag, number>> = {
  daily: 7,
  weekly: 4,
  monthly: 3,
  yearly: 1,
}

interface TagTimes {
  readonly nowMs: number
  readonly lastMs: number | undefined
}

function takesTag(policy: RetentionPolicy, tag: RetentionTag, times: TagTimes): boolean {
  if (policy.keep[tag] === null) return false
  if (times.lastMs === undefined) return true
  return periodOf(policy, tag, times.nowMs) > periodOf(policy, tag, times.lastMs)
}

/** Number of the period that the last scheduled instant at or before a time has begun; later periods have higher numbers. */
export function periodOf(policy: RetentionPolicy, tag: RetentionTag, timeMs: number): number {
  const day = lastDayAt(timeMs, policy.minuteOfDay, policy.timeZone)
  switch (tag) {
    case 'daily':
      return day
    case 'weekly':
      return lastOf(policy.daysOfWeek, day)
    case 'monthly':
      return monthPeriod(dateOfDay(day), policy.monthly)
    case 'yearly':
      return yearPeriod(dateOfDay(day), policy.yearly)
  }
}

/** Day 0, 1970-01-01, was a Thursday. */
const weekdayOf = (day: number): number => (((day + 4) % 7) + 7) % 7

/** The last day with one of these weekdays, at or before a day: its number is that of the period. */
function lastOf(weekdays: readonly number[], day: number): number {
  const since = weekdays.map((weekday) => (weekdayOf(day) - weekday + 7) % 7)
  return day - Math.min(...since)
}

const monthPeriod = (date: CalendarDate, day: DayOfMonth): number =>
  date.year * 12 + date.month - (date.day < dayIn(date, day) ? 1 : 0)

function yearPeriod(date: CalendarDate, { month, day }: DayOfYear): number {
  const isBefore = date.month < month || (date.month === month && date.day < dayIn(date, day))
  return date.year - (isBefore ? 1 : 0)
}

/** Which day of a month it is. */
function dayIn({ year, month }: CalendarDate, wanted: DayOfMonth): number {
  const days = daysInMonth(year, month)
  if (wanted.kind === 'day') return Math.min(wanted.day, days)
  const first = weekdayOf(Date.UTC(year, month - 1, 1) / dayMs)
  const firstOne = 1 + ((wanted.weekday - first + 7) % 7)
  const nth = firstOne + (wanted.nth - 1) * 7
  return nth > days ? nth - 7 : nth
}

function after(tag: RetentionTag, count: number, fromMs: number): number {
  switch (tag) {
    case 'daily':
      return fromMs + count * dayMs
    case 'weekly':
      return fromMs + count * 7 * dayMs
    case 'monthly':
      return addMonths(fromMs, count)
    case 'yearly':
      return addMonths(fromMs, count * 12)
  }
}

/** In units of the tag: 99 years. */
const ceilings: Readonly<Record<RetentionTag, number>> = {
  daily: 36_135,
  weekly: 5_163,
  monthly: 1_188,
  yearly: 99,
}

/** @throws BackupError `usage` for durations below the floors or beyond 99 years, and for unknown time zones */
export function checkRetention(policy: RetentionPolicy): void {
  for (const tag of retentionTags) {
    const count = policy.keep[tag]
    if (count === null) continue
    if (!Number.isInteger(count) || count < floors[tag] || count > ceilings[tag]) {
      throw new BackupError(
        'usage',
        `A ${tag} point can not be kept for ${count}: ${floors[tag]} to ${ceilings[tag]} are possible.`,
      )
    }
  }
  checkZone(policy.timeZone)
}

function checkZone(timeZone: string): void {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone })
  } catch (error) {
    throw new BackupError('usage', `There is no time zone ${JSON.stringify(timeZone)}.`, {
      hint: 'Write it as in Europe/Berlin.',
      cause: error,
    })
  }
}

export const latestRetention = (nowMs: number): number => addMonths(nowMs, ceilings.monthly)

/** Whether some point would be kept for less time than under the other policy. */
export const isShorter = (policy: RetentionPolicy, than: RetentionPolicy): boolean =>
  retentionTags.some((tag) => (policy.keep[tag] ?? 0) < (than.keep[tag] ?? 0))
