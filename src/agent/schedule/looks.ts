/** When a facility that knows times of day has to look, so that no scheduled instant goes by. */

import type { ScheduleSettings } from '../../policy/schedule.ts'

export interface LookTime {
  readonly minuteOfDay: number
  /** 0 Sunday to 6 Saturday; null: every day. */
  readonly daysOfWeek: readonly number[] | null
  /** Null: the machine's own. */
  readonly timeZone: string | null
}

/**
 * Facilities know neither n-th weeks nor, all of them, times that a changed clock skips: they look more often than a run
 * is due, every week and once more after the hours in which clocks are changed. In the order of the clock, each once.
 */
export function lookTimes(schedules: readonly ScheduleSettings[]): LookTime[] {
  const looks = schedules.flatMap(({ minutesOfDay, weekly, timeZone }) =>
    minutesOfDay.flatMap((minuteOfDay) =>
      withLaterLooks({ minuteOfDay, daysOfWeek: weekly?.daysOfWeek ?? null, timeZone }),
    ),
  )
  const unique = new Map(looks.map((look) => [JSON.stringify(look), look]))
  return [...unique.values()].sort((a, b) => a.minuteOfDay - b.minuteOfDay)
}

/** Whether all of them are times of the machine's own zone. */
export const areLocal = (schedules: readonly ScheduleSettings[]): boolean =>
  schedules.every(({ timeZone }) => timeZone === null)

const hour = 60
const day = 24 * hour

/** Clocks are set forward between 22:00 (Greenland) and 04:00, by up to two hours (Troll). */
const mayBeSkipped = (minute: number): boolean => minute >= 22 * hour || minute < 4 * hour

const withLaterLooks = (look: LookTime): LookTime[] =>
  mayBeSkipped(look.minuteOfDay) ? [look, later(look, hour), later(look, 2 * hour)] : [look]

function later({ minuteOfDay, daysOfWeek, timeZone }: LookTime, minutes: number): LookTime {
  const minute = minuteOfDay + minutes
  if (minute < day) return { minuteOfDay: minute, daysOfWeek, timeZone }
  const nextDays = daysOfWeek?.map((number) => (number + 1) % 7).sort((a, b) => a - b) ?? null
  return { minuteOfDay: minute - day, daysOfWeek: nextDays, timeZone }
}
