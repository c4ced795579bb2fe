/** How fast a source may use the line: one pair of rates, and another one for work hours. */

import { BackupError } from '../base/errors.ts'
import { dayMs, minuteMs } from '../base/clock.ts'
import { wallClock } from './calendar.ts'
import { dayOfWeek } from './schedule.ts'

export type Direction = 'upload' | 'download'

/** Bytes a second; null: as fast as it goes. */
export type LineRates = Readonly<Record<Direction, number | null>>

export interface WorkHours {
  /** 0 Sunday to 6 Saturday, ascending: the days on which they begin. */
  readonly daysOfWeek: readonly number[]
  /** Minutes since midnight; where the end comes first, they last over midnight. */
  readonly fromMinute: number
  readonly toMinute: number
  readonly rates: LineRates
}

export interface ThrottleSettings {
  readonly rates: LineRates
  readonly workHours: WorkHours | null
}

/** The rates that hold at a time, by the clock of the zone. */
export function ratesAt(settings: ThrottleSettings, nowMs: number, timeZone: string): LineRates {
  const { workHours, rates } = settings
  return workHours !== null && isWorkTime(workHours, wallClock(nowMs, timeZone))
    ? workHours.rates
    : rates
}

function isWorkTime({ daysOfWeek, fromMinute, toMinute }: WorkHours, localMs: number): boolean {
  const day = Math.floor(localMs / dayMs)
  const minute = (localMs - day * dayMs) / minuteMs
  const begins = (number: number) => daysOfWeek.includes(dayOfWeek(number))
  if (fromMinute < toMinute) return begins(day) && minute >= fromMinute && minute < toMinute
  return (begins(day) && minute >= fromMinute) || (begins(day - 1) && minute < toMinute)
}

/** 512 kbit/s and 1,023 Mbit/s. */
const leastRate = 512e3 / 8
const mostRate = 1_023e6 / 8

export const mondayToFriday: readonly number[] = [1, 2, 3, 4, 5]

const units: Readonly<Record<string, number>> = {
  kbit: 1e3 / 8,
  mbit: 1e6 / 8,
  gbit: 1e9 / 8,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
}

/** `10Mbit`, `1.5 MiB`, a second each; `none`. @throws BackupError `usage` */
export function parseRate(text: string): number | null {
  if (/^(none|unlimited)$/i.test(text)) return null
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([a-z]+)(?:\/s|ps)?$/i.exec(text) ?? []
  const factor = units[unit?.toLowerCase().replace(/(?<=bit)ps$|s$/, '') ?? '']
  if (number === undefined || factor === undefined) {
    throw refused(`${JSON.stringify(text)} is no rate.`)
  }
  const rate = Math.round(Number(number) * factor)
  if (rate >= leastRate && rate <= mostRate) return rate
  throw refused(`${text} is out of range: a limit is from 512 kbit/s to 1,023 Mbit/s, or none.`)
}

const refused = (message: string): BackupError =>
  new BackupError('usage', message, {
    hint: 'Rates are written as 10Mbit, 800kbit or 1.5MiB, for one second; none is without a limit.',
  })

/** `08:00-18:00` has been parsed to minutes. @throws BackupError `usage` */
export function checkedWorkHours(hours: WorkHours): WorkHours {
  if (hours.fromMinute !== hours.toMinute) return hours
  throw new BackupError('usage', 'Work hours that end when they begin never are.', {
    hint: 'For the whole day set the other rates.',
  })
}

/** As `parseRate` reads it, to the byte. */
export function rateWord(rate: number | null): string {
  if (rate === null) return 'none'
  const bits = rate * 8
  return bits % 1e6 === 0 ? `${bits / 1e6}Mbit` : `${bits / 1e3}kbit`
}

export function rateText(rate: number | null): string {
  if (rate === null) return 'no limit'
  const bits = rate * 8
  if (bits >= 1e6) return `${Number((bits / 1e6).toFixed(2))} Mbit/s`
  return `${Number((bits / 1e3).toFixed(1))} kbit/s`
}
