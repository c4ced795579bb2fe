/** A schedule as people type and read it: `21:00`, `mon,thu`, `daily at 09:00 and 21:00`. */

import { BackupError } from '../base/errors.ts'
import { hourMs, minuteMs, secondMs } from '../base/clock.ts'
import type { ScheduleSettings, WeeklySettings } from './schedule.ts'

/** `21:00`, `9:05`: minutes since midnight. @throws BackupError `usage` */
export function parseTimeOfDay(text: string): number {
  const [, hours, minutes] = /^(\d{1,2}):(\d{2})$/.exec(text.trim()) ?? []
  const [hour, minute] = [Number(hours), Number(minutes)]
  if (hour <= 23 && minute <= 59) return hour * 60 + minute
  throw new BackupError('usage', `${JSON.stringify(text)} is no time of day.`, {
    hint: 'Times are from 00:00 to 23:59, as in 21:00.',
  })
}

export const timeOfDayText = (minuteOfDay: number): string =>
  `${two(Math.floor(minuteOfDay / 60))}:${two(minuteOfDay % 60)}`

const two = (value: number): string => String(value).padStart(2, '0')

/** In the order of their numbers, 0 to 6. */
export const weekdays = [
  'Sunday',
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
] as const

/** `mon,thu`: names of at least three letters; 0 is Sunday. @throws BackupError `usage` */
export const parseWeekdays = (text: string): number[] => text.split(',').map(parseWeekday)

function parseWeekday(text: string): number {
  const wanted = text.trim().toLowerCase()
  const number = weekdays.findIndex((name) => name.toLowerCase().startsWith(wanted))
  if (wanted.length >= 3 && number >= 0) return number
  throw new BackupError('usage', `${JSON.stringify(text)} is no day of the week.`, {
    hint: 'Days are mon, tue, wed, thu, fri, sat, sun, with commas between them.',
  })
}

const units: Readonly<Record<string, number>> = { s: secondMs, m: minuteMs, h: hourMs }

/** `90s`, `15m`, `2h`, `0`: ms. @throws BackupError `usage` */
export function parseDuration(text: string): number {
  const [, number, unit] = /^(\d{1,6})([smh])$/.exec(text.trim()) ?? []
  if (number !== undefined && unit !== undefined) return Number(number) * (units[unit] ?? 0)
  if (text.trim() === '0') return 0
  throw new BackupError('usage', `${JSON.stringify(text)} is no duration.`, {
    hint: 'Durations are as in 90s, 15m, 2h.',
  })
}

/** `08:00-18:00`: minutes since midnight. @throws BackupError `usage` */
export function parseHours(text: string): {
  readonly fromMinute: number
  readonly toMinute: number
} {
  const [from, to, ...more] = text.split('-')
  if (from !== undefined && to !== undefined && more.length === 0) {
    return { fromMinute: parseTimeOfDay(from), toMinute: parseTimeOfDay(to) }
  }
  throw new BackupError('usage', `${JSON.stringify(text)} are no hours.`, {
    hint: 'Write them as 08:00-18:00.',
  })
}

/** As `parseDuration` reads it. */
export const shortDuration = (ms: number): string =>
  ms % hourMs === 0
    ? `${ms / hourMs}h`
    : ms % minuteMs === 0
      ? `${ms / minuteMs}m`
      : `${ms / secondMs}s`

/** As `parseWeekdays` reads it: `mon`. */
export const weekdayWord = (day: number): string => (weekdays[day] ?? '').slice(0, 3).toLowerCase()

/** `every 2nd week on Monday at 09:00 and 21:00, Europe/Berlin, up to 15 min later`. */
export function scheduleText({
  minutesOfDay,
  weekly,
  timeZone,
  randomDelayMs,
}: ScheduleSettings): string {
  const days = weekly === null ? 'daily' : weeklyText(weekly)
  const delay = randomDelayMs === 0 ? '' : `, up to ${delayText(randomDelayMs)} later`
  return `${days} at ${listed(minutesOfDay.map(timeOfDayText))}, ${timeZone ?? 'local time'}${delay}`
}

function weeklyText({ daysOfWeek, everyWeeks }: WeeklySettings): string {
  const days = listed(mondayFirst(daysOfWeek).map((day) => weekdays[day] ?? ''))
  const weeks = ['every week', 'every 2nd week', 'every 3rd week', 'every 4th week']
  return `${weeks[everyWeeks - 1] ?? ''} on ${days}`
}

const mondayFirst = (days: readonly number[]): number[] =>
  [...days].sort((a, b) => ((a + 6) % 7) - ((b + 6) % 7))

/** `a`, `a and b`, `a, b and c`. */
const listed = (words: readonly string[]): string =>
  [words.slice(0, -1).join(', '), words.at(-1) ?? ''].filter((part) => part !== '').join(' and ')

const delayText = (ms: number): string =>
  ms % hourMs === 0
    ? `${ms / hourMs} h`
    : ms % minuteMs === 0
      ? `${ms / minuteMs} min`
      : `${ms / secondMs} s`
