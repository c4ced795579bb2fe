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
  /** 0 Sunday to 6 Saturday. */
  readonly dayOfWeek: number
  /** 1 to 31; in shorter months the last day. */
  readonly dayOfMonth: number
  /** 1 to 12. */
  readonly monthOfYear: number
  /** IANA name of the zone in which the instants are scheduled. */
  readonly timeZone: string
}

export const defaultRetention: RetentionPolicy = {
  keep: { daily: 30, weekly: 12, monthly: 12, yearly: 10 },
  minuteOfDay: 21 * 60,
  dayOfWeek: 1,
  dayOfMonth: 1,
  monthOfYear: 1,
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
      return Math.floor((day + thursday - policy.dayOfWeek) / 7)
    case 'monthly':
      return monthPeriod(dateOfDay(day), policy.dayOfMonth)
    case 'yearly':
      return yearPeriod(dateOfDay(day), policy)
  }
}

/** Day 0, 1970-01-01, was a Thursday. */
const thursday = 4

const monthPeriod = (date: CalendarDate, dayOfMonth: number): number =>
  date.year * 12 + date.month - (date.day < clampedDay(date, dayOfMonth) ? 1 : 0)

function yearPeriod(date: CalendarDate, policy: RetentionPolicy): number {
  const isBefore =
    date.month < policy.monthOfYear ||
    (date.month === policy.monthOfYear && date.day < clampedDay(date, policy.dayOfMonth))
  return date.year - (isBefore ? 1 : 0)
}

const clampedDay = (date: CalendarDate, day: number): number =>
  Math.min(day, daysInMonth(date.year, date.month))

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

/** @throws BackupError `usage` for durations below the floors or beyond 99 years */
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
}
