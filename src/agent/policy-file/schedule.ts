/** `schedule`: when a source is backed up. */

import { dayMs } from '../../base/clock.ts'
import { BackupError } from '../../base/errors.ts'
import {
  checkedSchedule,
  defaultSchedule,
  withCountedWeeks,
  type ScheduleSettings,
  type WeeklySettings,
} from '../../policy/schedule.ts'
import {
  parseDuration,
  parseTimeOfDay,
  parseWeekdays,
  shortDuration,
  timeOfDayText,
  weekdayWord,
} from '../../policy/schedule-words.ts'
import type { Fields, Place } from './place.ts'
import type { PolicySection } from './section.ts'

const keys = ['at', 'days', 'every-weeks', 'weeks-from', 'time-zone', 'random-delay'] as const

export const scheduleSection: PolicySection = {
  key: 'schedule',
  read: (place, { old, nowMs, timeZone }) => {
    if (place === undefined) return { schedule: undefined }
    const said = place.fields(keys)
    const wanted = place.checked(() => checkedSchedule(settingsOf(said)))
    if (said.get('weeks-from') !== undefined) return { schedule: wanted }
    return { schedule: withCountedWeeks(wanted, old.schedule, { nowMs, timeZone }) }
  },
  write: ({ schedule }) => schedule && written(schedule),
}

function settingsOf(said: Fields<(typeof keys)[number]>): ScheduleSettings {
  const at = said.need('at')
  const zone = said.get('time-zone')
  const minutesOfDay = at.list().map((time) => time.parsed(parseTimeOfDay))
  const timeZone = zone?.text() ?? null
  // One by one, so that a refusal is told where it belongs.
  at.checked(() => checkedSchedule({ ...defaultSchedule, minutesOfDay }))
  zone?.checked(() => checkedSchedule({ ...defaultSchedule, timeZone }))
  return {
    ...{ minutesOfDay, timeZone },
    weekly: weeklyOf(said),
    randomDelayMs: said.get('random-delay')?.parsed(parseDuration) ?? 0,
  }
}

function weeklyOf(said: Fields<(typeof keys)[number]>): WeeklySettings | null {
  const everyWeeks = said.get('every-weeks')
  const countedFrom = said.get('weeks-from')
  const days = said.get('days')
  if (days === undefined) {
    const alone = everyWeeks ?? countedFrom
    return alone === undefined
      ? null
      : alone.fail('this needs days of the week', 'As in days: [mon, thu].')
  }
  const weekly = {
    daysOfWeek: days.list().flatMap((day) => day.parsed(parseWeekdays)),
    everyWeeks: everyWeeks === undefined ? 1 : Number(everyWeeks.text()),
    countedFrom: countedFrom === undefined ? 0 : dayAt(countedFrom),
  }
  everyWeeks?.checked(() => checkedSchedule({ ...defaultSchedule, weekly }))
  return weekly
}

/** Days since 1970-01-01. */
const dayAt = (place: Place): number =>
  place.parsed((text) => {
    const ms = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : NaN
    if (!Number.isNaN(ms)) return ms / dayMs
    throw new BackupError('usage', `${JSON.stringify(text)} is no date.`, {
      hint: 'A day of a week that counts, as in 2026-11-23.',
    })
  })

const written = (schedule: ScheduleSettings) => ({
  at: schedule.minutesOfDay.map(timeOfDayText),
  ...(schedule.weekly && writtenWeekly(schedule.weekly)),
  ...(schedule.timeZone !== null && { 'time-zone': schedule.timeZone }),
  ...(schedule.randomDelayMs > 0 && { 'random-delay': shortDuration(schedule.randomDelayMs) }),
})

const writtenWeekly = ({ daysOfWeek, everyWeeks, countedFrom }: WeeklySettings) => ({
  days: daysOfWeek.map(weekdayWord),
  ...(everyWeeks > 1 && {
    'every-weeks': everyWeeks,
    'weeks-from': new Date(countedFrom * dayMs).toISOString().slice(0, 10),
  }),
})
