/** Retention as people type and read it: `30`, `mon,thu`, `last`, `second-tue`, `none`. */

import { BackupError } from '../base/errors.ts'
import { retentionTags } from '../model/point-record.ts'
import type { DayOfMonth, RetentionPolicy } from './retention.ts'
import { parseWeekdays, timeOfDayText, weekdays } from './schedule-words.ts'

/** For how many days, weeks, months, years; `none`: the tag is not given any more. @throws BackupError `usage` */
export function parseKept(text: string): number | null {
  if (text === 'none') return null
  if (/^\d{1,5}$/.test(text)) return Number(text)
  throw new BackupError('usage', `${JSON.stringify(text)} is neither a number nor none.`)
}

const ordinals = ['first', 'second', 'third', 'fourth', 'last'] as const

/** `1` to `31`, `last`, `first-mon` to `fourth-sun`, `last-fri`. @throws BackupError `usage` */
export function parseDayOfMonth(text: string): DayOfMonth {
  if (text === 'last') return { kind: 'day', day: 31 }
  if (/^\d{1,2}$/.test(text) && Number(text) >= 1 && Number(text) <= 31)
    return { kind: 'day', day: Number(text) }
  const [ordinal, name = ''] = text.split('-')
  const nth = ordinals.findIndex((word) => word === ordinal) + 1
  const [weekday, second] = nth > 0 ? parseWeekdays(name) : []
  if (weekday !== undefined && second === undefined) return { kind: 'weekday', nth, weekday }
  throw new BackupError('usage', `${JSON.stringify(text)} is no day of a month.`, {
    hint: 'Days are 1 to 31, last, or as in first-mon, third-sat, last-fri.',
  })
}

export const dayOfMonthWord = (day: DayOfMonth): string => {
  if (day.kind === 'day') return day.day === 31 ? 'last' : String(day.day)
  return `${ordinals[day.nth - 1] ?? 'last'}-${shortName(day.weekday)}`
}

const shortName = (weekday: number): string => (weekdays[weekday] ?? '').slice(0, 3).toLowerCase()

/** One line for each tag. */
export function retentionLines(policy: RetentionPolicy): string[] {
  const { keep, minuteOfDay, daysOfWeek, monthly, yearly, timeZone } = policy
  const instants = {
    daily: `from ${timeOfDayText(minuteOfDay)}, ${timeZone}`,
    weekly: daysOfWeek.map(shortName).join(','),
    monthly: `day ${dayOfMonthWord(monthly)}`,
    yearly: `month ${yearly.month}, day ${dayOfMonthWord(yearly.day)}`,
  }
  const units = { daily: 'days', weekly: 'weeks', monthly: 'months', yearly: 'years' }
  return retentionTags.map((tag) => {
    const kept = keep[tag] === null ? 'none' : `${keep[tag]} ${units[tag]}`
    return `${tag.padEnd(8)} ${kept.padEnd(12)} ${instants[tag]}`
  })
}
