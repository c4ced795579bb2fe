/** `throttle`: how fast a source may use the line, also in work hours. */

import { BackupError } from '../../base/errors.ts'
import {
  parseHours,
  parseWeekdays,
  timeOfDayText,
  weekdayWord,
} from '../../policy/schedule-words.ts'
import {
  checkedWorkHours,
  mondayToFriday,
  parseRate,
  rateWord,
  type LineRates,
  type WorkHours,
} from '../../policy/throttle.ts'
import type { Fields, Place } from './place.ts'
import type { PolicySection } from './section.ts'

const rateKeys = ['upload', 'download'] as const

export const throttleSection: PolicySection = {
  key: 'throttle',
  read: (place) => {
    if (place === undefined) return { throttle: undefined }
    const said = place.fields([...rateKeys, 'work-hours'])
    const hours = said.get('work-hours')
    const workHours = hours === undefined ? null : workHoursAt(hours)
    return { throttle: { rates: ratesOf(said), workHours } }
  },
  write: ({ throttle }) =>
    throttle && {
      ...writtenRates(throttle.rates),
      ...(throttle.workHours && { 'work-hours': writtenHours(throttle.workHours) }),
    },
  effects: () => ['Runs and restores that are going on follow within two seconds.'],
}

const ratesOf = (said: Fields<'upload' | 'download'>): LineRates => ({
  upload: said.get('upload')?.parsed(parseRate) ?? null,
  download: said.get('download')?.parsed(parseRate) ?? null,
})

function workHoursAt(place: Place): WorkHours {
  const said = place.fields([...rateKeys, 'hours', 'days'])
  const days = said.get('days')?.list()
  const daysOfWeek = days?.flatMap((day) => day.parsed(parseWeekdays)) ?? mondayToFriday
  const hours = said.need('hours').parsed(parseHours)
  return place.checked(() =>
    checkedWorkHours({ ...hours, daysOfWeek: inOrder(daysOfWeek), rates: ratesOf(said) }),
  )
}

function inOrder(days: readonly number[]): number[] {
  if (days.length > 0) return [...new Set(days)].sort((a, b) => a - b)
  throw new BackupError('usage', 'Work hours without a day never are.')
}

const writtenRates = ({ upload, download }: LineRates) => ({
  upload: rateWord(upload),
  download: rateWord(download),
})

const writtenHours = ({ fromMinute, toMinute, daysOfWeek, rates }: WorkHours) => ({
  hours: `${timeOfDayText(fromMinute)}-${timeOfDayText(toMinute)}`,
  days: daysOfWeek.map(weekdayWord),
  ...writtenRates(rates),
})
