/** Days and months: what date it is somewhere, and the same day some months later. */

import { dayMs } from '../base/clock.ts'

export interface CalendarDate {
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  readonly day: number
}

/**
 * Days since 1970-01-01 of the last local instant with that time of day, at or before `timeMs`:
 * today's number, or yesterday's where today's instant is still to come.
 */
export function lastDayAt(timeMs: number, minuteOfDay: number, timeZone: string): number {
  const local = wallClock(timeMs, timeZone)
  const day = Math.floor(local / dayMs)
  return local - day * dayMs < minuteOfDay * 60_000 ? day - 1 : day
}

/** The local date and time, as if it were UTC: ms, whole seconds. */
export function wallClock(timeMs: number, timeZone: string): number {
  if (timeZone === 'UTC') return timeMs
  const parts = formatOf(timeZone).formatToParts(timeMs)
  const part = (type: string) => Number(parts.find((of) => of.type === type)?.value)
  return Date.UTC(
    part('year'),
    part('month') - 1,
    part('day'),
    part('hour'),
    part('minute'),
    part('second'),
  )
}

/** Making one costs more than using it a hundred times. */
const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone)
  if (known !== undefined) return known
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  formats.set(timeZone, format)
  return format
}

export function dateOfDay(day: number): CalendarDate {
  const date = new Date(day * dayMs)
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() }
}

export const daysInMonth = (year: number, month: number): number =>
  new Date(Date.UTC(year, month, 0)).getUTCDate()

/** The same time and day so many months later, in UTC; the month's last day where it has no such day. */
export function addMonths(timeMs: number, months: number): number {
  const day = Math.floor(timeMs / dayMs)
  const date = dateOfDay(day)
  const monthIndex = date.year * 12 + (date.month - 1) + months
  const year = Math.floor(monthIndex / 12)
  const month = (monthIndex % 12) + 1
  const clamped = Math.min(date.day, daysInMonth(year, month))
  return Date.UTC(year, month - 1, clamped) + (timeMs - day * dayMs)
}
