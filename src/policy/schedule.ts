/**
 * When a source is backed up: up to three times a day, or on chosen weekdays of every n-th week. Each time of day is
 * one instant on every calendar day of its zone, also where the clock skips that time or shows it twice.
 */

import { BackupError } from '../base/errors.ts'
import { hourMs } from '../base/clock.ts'
import { instantOf, localDay } from './local-time.ts'

export interface ScheduleSettings {
  /** Minutes since midnight, ascending, one to three. */
  readonly minutesOfDay: readonly number[]
  /** Null: daily. */
  readonly weekly: WeeklySettings | null
  /** IANA name; null: the zone that the machine is in. */
  readonly timeZone: string | null
  /** Runs begin up to this much later, each machine at another moment. */
  readonly randomDelayMs: number
}

export interface WeeklySettings {
  /** 0 Sunday to 6 Saturday, ascending. */
  readonly daysOfWeek: readonly number[]
  /** 1 to 4. */
  readonly everyWeeks: number
  /** A day, counted from 1970-01-01, of one of the weeks that count. Weeks begin on Monday. */
  readonly countedFrom: number
}

/** Settings at a place: where the machine is has been filled in. */
export interface Schedule extends ScheduleSettings {
  readonly timeZone: string
}

export const defaultSchedule: ScheduleSettings = {
  minutesOfDay: [21 * 60],
  weekly: null,
  timeZone: null,
  randomDelayMs: 0,
}

export const scheduleAt = (settings: ScheduleSettings, machineZone: string): Schedule => ({
  ...settings,
  timeZone: settings.timeZone ?? machineZone,
})

/** The next scheduled instants after a time, ascending: ms, without the random delay. */
export function nextTimes(schedule: Schedule, afterMs: number, count: number): number[] {
  const found: number[] = []
  for (let day = localDay(afterMs, schedule.timeZone); found.length < count; day += 1) {
    const later = instantsOf(schedule, day).filter((time) => time > (found.at(-1) ?? afterMs))
    found.push(...later.slice(0, count - found.length))
  }
  return found
}

/** The last scheduled instant at or before a time, as if the schedule had always been. */
export function lastTime(schedule: Schedule, atMs: number): number {
  // A clock that is set back over midnight has seen the next day's first times already.
  for (let day = localDay(atMs, schedule.timeZone) + 1; ; day -= 1) {
    const last = instantsOf(schedule, day).findLast((time) => time <= atMs)
    if (last !== undefined) return last
  }
}

/** The instants of one calendar day, ascending; two times that the same gap skips are one instant. */
function instantsOf({ minutesOfDay, weekly, timeZone }: Schedule, day: number): number[] {
  if (weekly !== null && !isChosen(weekly, day)) return []
  const instants = minutesOfDay.map((minute) => instantOf(day, minute, timeZone))
  const known = instants.filter((instant) => instant !== undefined)
  return [...new Set(known)].sort((a, b) => a - b)
}

const isChosen = ({ daysOfWeek, everyWeeks, countedFrom }: WeeklySettings, day: number): boolean =>
  daysOfWeek.includes(dayOfWeek(day)) && (weekOf(day) - weekOf(countedFrom)) % everyWeeks === 0

/** Day 0, 1970-01-01, was a Thursday. */
export const dayOfWeek = (day: number): number => (((day + 4) % 7) + 7) % 7
const weekOf = (day: number): number => Math.floor((day + 3) / 7)

/** A day of the first week in which weekly settings have a time after now: the weeks that count begin with it. */
export const firstWeekAfter = (schedule: Schedule, nowMs: number): number =>
  Math.min(...nextTimes(schedule, nowMs, 1).map((time) => localDay(time, schedule.timeZone)))

/** New settings with the weeks that count: those of the old ones if nothing else changed, else from the next chosen day on. */
export function withCountedWeeks(
  wanted: ScheduleSettings,
  old: ScheduleSettings | undefined,
  { nowMs, timeZone }: { readonly nowMs: number; readonly timeZone: string },
): ScheduleSettings {
  const { weekly } = wanted
  if (weekly === null || weekly.everyWeeks === 1) return wanted
  const everyWeek = { ...scheduleAt(wanted, timeZone), weekly: { ...weekly, everyWeeks: 1 } }
  const countedFrom = weeksKept(weekly, old?.weekly) ?? firstWeekAfter(everyWeek, nowMs)
  return { ...wanted, weekly: { ...weekly, countedFrom } }
}

/** The same again changes nothing, least of all which weeks count. */
const weeksKept = (
  wanted: WeeklySettings,
  old: WeeklySettings | null | undefined,
): number | undefined =>
  old?.everyWeeks === wanted.everyWeeks && old.daysOfWeek.join() === wanted.daysOfWeek.join()
    ? old.countedFrom
    : undefined

export const mostTimesOfDay = 3
export const mostRandomDelayMs = 6 * hourMs

/** Settings in order, each time and day once. @throws BackupError `usage` */
export function checkedSchedule(settings: ScheduleSettings): ScheduleSettings {
  const minutesOfDay = ascending(settings.minutesOfDay)
  if (minutesOfDay.length < 1) throw refused('A schedule needs a time of day.')
  if (minutesOfDay.length > mostTimesOfDay) {
    throw refused(
      `A source is backed up at most ${mostTimesOfDay} times a day; ${minutesOfDay.length} are asked for.`,
      'For more points on one day: backup run, whenever it is wanted.',
    )
  }
  if (!minutesOfDay.every((minute) => isWholeIn(minute, 0, 24 * 60 - 1))) {
    throw refused('A time of day is from 00:00 to 23:59.')
  }
  if (!isWholeIn(settings.randomDelayMs, 0, mostRandomDelayMs)) {
    throw refused('The random delay is at most 6 hours.')
  }
  return {
    ...settings,
    minutesOfDay,
    weekly: settings.weekly && checkedWeekly(settings.weekly),
    timeZone: settings.timeZone && checkedTimeZone(settings.timeZone),
  }
}

function checkedWeekly(weekly: WeeklySettings): WeeklySettings {
  const daysOfWeek = ascending(weekly.daysOfWeek)
  if (daysOfWeek.length === 0 || !daysOfWeek.every((day) => isWholeIn(day, 0, 6))) {
    throw refused('A weekly schedule needs days of the week.')
  }
  if (!isWholeIn(weekly.everyWeeks, 1, 4)) throw refused('It is every week, or every 2nd to 4th.')
  return { ...weekly, daysOfWeek }
}

/** The zone, in the letters that its files have on disk. @throws BackupError `usage` */
function checkedTimeZone(text: string): string {
  const known = timeZoneNamed(text)
  if (known === undefined) {
    throw refused(
      `There is no time zone ${JSON.stringify(text)}.`,
      'Zones are named as in Europe/Berlin, America/New_York, UTC.',
    )
  }
  return known.toLowerCase() === text.toLowerCase() ? known : text
}

/** Its first name, as some zones have several. Offsets such as +01:00 know no daylight saving, and are none. */
export function timeZoneNamed(text: string): string | undefined {
  if (!/^[A-Za-z]/.test(text)) return undefined
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: text }).resolvedOptions().timeZone
  } catch {
    return undefined
  }
}

const ascending = (values: readonly number[]): number[] =>
  [...new Set(values)].sort((a, b) => a - b)

const isWholeIn = (value: number, from: number, to: number): boolean =>
  Number.isInteger(value) && value >= from && value <= to

const refused = (message: string, hint?: string): BackupError =>
  new BackupError('usage', message, { hint })
