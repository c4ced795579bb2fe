/** `retention`: how long the vault keeps the points of a source. Runs tell the vault; a shorter one needs a PIN there. */

import { checkRetention, defaultRetention, type RetentionPolicy } from '../../policy/retention.ts'
import { dayOfMonthWord, parseDayOfMonth, parseKept } from '../../policy/retention-words.ts'
import {
  parseTimeOfDay,
  parseWeekdays,
  timeOfDayText,
  weekdayWord,
} from '../../policy/schedule-words.ts'
import { BackupError } from '../../base/errors.ts'
import { retentionTags } from '../../model/point-record.ts'
import type { Fields, Place } from './place.ts'
import type { PolicySection } from './section.ts'

const keys = [
  ...retentionTags,
  ...(['from', 'week-days', 'month-day', 'year-month', 'year-day', 'time-zone'] as const),
] as const

export const retentionSection: PolicySection = {
  key: 'retention',
  read: (place) => ({ retention: place && policyAt(place) }),
  write: ({ retention }) => retention && written(retention),
  effects: () => [
    'Longer retention holds from the next run on, for points that are there too.',
    'Shorter retention needs a PIN of the vault: backup policy retention set. As long as it has none, nothing is shorter.',
  ],
}

function policyAt(place: Place): RetentionPolicy {
  const said = place.fields(keys)
  const usual = defaultRetention
  const policy: RetentionPolicy = {
    keep: {
      daily: keptAt(said, 'daily'),
      weekly: keptAt(said, 'weekly'),
      monthly: keptAt(said, 'monthly'),
      yearly: keptAt(said, 'yearly'),
    },
    minuteOfDay: said.get('from')?.parsed(parseTimeOfDay) ?? usual.minuteOfDay,
    daysOfWeek: weekDaysAt(said.get('week-days')),
    monthly: said.get('month-day')?.parsed(parseDayOfMonth) ?? usual.monthly,
    yearly: {
      month: said.get('year-month')?.parsed(parseMonth) ?? usual.yearly.month,
      day: said.get('year-day')?.parsed(parseDayOfMonth) ?? usual.yearly.day,
    },
    timeZone: said.get('time-zone')?.text() ?? usual.timeZone,
  }
  place.checked(() => {
    checkRetention(policy)
  })
  return policy
}

function keptAt(said: Fields<(typeof keys)[number]>, tag: (typeof retentionTags)[number]) {
  const kept = said.get(tag)
  if (kept === undefined) return defaultRetention.keep[tag]
  const count = kept.parsed(parseKept)
  // One by one, so that a refusal is told where it belongs.
  kept.checked(() => {
    checkRetention({ ...defaultRetention, keep: { ...defaultRetention.keep, [tag]: count } })
  })
  return count
}

function weekDaysAt(place: Place | undefined): readonly number[] {
  if (place === undefined) return defaultRetention.daysOfWeek
  const days = place.list().flatMap((day) => day.parsed(parseWeekdays))
  if (days.length === 0) return place.fail('a day is missing', 'As in week-days: [mon, thu].')
  return [...new Set(days)].sort((a, b) => a - b)
}

/** @throws BackupError `usage` */
export function parseMonth(text: string): number {
  if (/^\d{1,2}$/.test(text) && Number(text) >= 1 && Number(text) <= 12) return Number(text)
  throw new BackupError('usage', `${JSON.stringify(text)} is no month: 1 to 12 are possible.`)
}

const written = ({
  keep,
  minuteOfDay,
  daysOfWeek,
  monthly,
  yearly,
  timeZone,
}: RetentionPolicy) => ({
  ...Object.fromEntries(retentionTags.map((tag) => [tag, keep[tag] ?? 'none'])),
  from: timeOfDayText(minuteOfDay),
  'week-days': daysOfWeek.map(weekdayWord),
  'month-day': dayOfMonthWord(monthly),
  'year-month': yearly.month,
  'year-day': dayOfMonthWord(yearly.day),
  'time-zone': timeZone,
})
