/** The text of a systemd timer and its service (systemd.timer(5), systemd.service(5), systemd.syntax(7), systemd.time(7)). */

import { timeOfDayText, weekdays } from '../../policy/schedule-words.ts'
import { lookWords, type Job } from './facility.ts'
import { lookTimes, type LookTime } from './looks.ts'
import { mark } from './paths.ts'
import { lines, networkLines, serviceLines } from './systemd-service.ts'

export const unitName = 'backup-agent'

export const timerText = ({ schedules }: Job): string =>
  lines(
    `# ${mark}`,
    '[Unit]',
    'Description=Look whether a backup is due',
    '',
    '[Timer]',
    ...lookTimes(schedules).map((look) => `OnCalendar=${calendarText(look)}`),
    'Persistent=true',
    '',
    '[Install]',
    'WantedBy=timers.target',
  )

/** `Mon,Thu *-*-* 21:00:00 Europe/Berlin` */
export function calendarText({ minuteOfDay, daysOfWeek, timeZone }: LookTime): string {
  const days = daysOfWeek?.map((day) => (weekdays[day] ?? '').slice(0, 3)).join(',')
  const time = `*-*-* ${timeOfDayText(minuteOfDay)}:00`
  return [days, time, timeZone].filter((part) => part != null).join(' ')
}

export const serviceText = (job: Job): string =>
  lines(
    `# ${mark}`,
    '[Unit]',
    'Description=Back up what is due',
    ...networkLines(job),
    '',
    '[Service]',
    'Type=oneshot',
    'Restart=on-failure',
    'RestartSec=15min',
    ...serviceLines(job, lookWords),
  )
