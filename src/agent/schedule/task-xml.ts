/** The text of a task of the Windows Task Scheduler: schema version 1.2, [MS-TSCH] 2.5. */

import { win32 } from 'node:path'
import { timeOfDayText, weekdays } from '../../policy/schedule-words.ts'
import { lookWords, type Job, type Owner } from './facility.ts'
import { areLocal, lookTimes, type LookTime } from './looks.ts'
import { mark } from './paths.ts'
import { argumentText } from './windows-words.ts'
import { element, type Xml } from './xml.ts'

/** UTF-16 with a byte order mark, as `schtasks` wants it. */
export const taskBytes = (job: Job): Uint8Array =>
  Uint8Array.from(Buffer.from(`\uFEFF${taskText(job)}`, 'utf16le'))

export function taskText(job: Job): string {
  const task = element(
    'Task',
    [
      element('RegistrationInfo', [element('Description', `Backs up what is due. ${mark}`)]),
      element('Triggers', triggersOf(job)),
      element('Principals', [principalOf(job.owner)]),
      settings,
      element('Actions', [actionOf(job)], 'Context="Author"'),
    ],
    'version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task"',
  )
  return `${['<?xml version="1.0" encoding="UTF-16"?>', ...task].join('\r\n')}\r\n`
}

/** The Task Scheduler knows the machine's own zone only. */
const triggersOf = ({ schedules }: Job): Xml[] =>
  areLocal(schedules) ? lookTimes(schedules).map(calendarTrigger) : [everyQuarter]

const calendarTrigger = ({ minuteOfDay, daysOfWeek }: LookTime): Xml =>
  element('CalendarTrigger', [
    startBoundary(minuteOfDay),
    daysOfWeek === null ? everyDay : onDays(daysOfWeek),
  ])

/** Any day that has passed: without a zone, it is local time. */
const startBoundary = (minuteOfDay: number): Xml =>
  element('StartBoundary', `2026-01-01T${timeOfDayText(minuteOfDay)}:00`)

const everyDay = element('ScheduleByDay', [element('DaysInterval', '1')])

const onDays = (daysOfWeek: readonly number[]): Xml =>
  element('ScheduleByWeek', [
    element('WeeksInterval', '1'),
    element(
      'DaysOfWeek',
      daysOfWeek.map((day) => element(weekdays[day] ?? '', [])),
    ),
  ])

const everyQuarter = element('CalendarTrigger', [
  startBoundary(0),
  element('Repetition', [element('Interval', 'PT15M'), element('Duration', 'P1D')]),
  everyDay,
])

/** The machine's own account reads everything; a user's task runs while the user is logged on. */
function principalOf({ isSystem, userName }: Owner): Xml {
  const who = isSystem
    ? [element('UserId', localSystem), element('RunLevel', 'HighestAvailable')]
    : [
        ...(userName === undefined ? [] : [element('UserId', userName)]),
        element('LogonType', 'InteractiveToken'),
        element('RunLevel', 'LeastPrivilege'),
      ]
  return element('Principal', who, 'id="Author"')
}

const localSystem = 'S-1-5-18'

/** Missed looks are made up for; a run takes as long as it takes, also on batteries; one that fails is tried for a day. */
const settings = element('Settings', [
  element('RestartOnFailure', [element('Interval', 'PT15M'), element('Count', '96')]),
  element('MultipleInstancesPolicy', 'IgnoreNew'),
  element('DisallowStartIfOnBatteries', 'false'),
  element('StopIfGoingOnBatteries', 'false'),
  element('StartWhenAvailable', 'true'),
  element('RunOnlyIfNetworkAvailable', 'true'),
  element('ExecutionTimeLimit', 'PT0S'),
  element('Priority', '7'),
])

/** A task can set no variables: Node reads them from a file. */
const actionOf = (job: Job): Xml =>
  element('Exec', [
    element('Command', job.program.node),
    element(
      'Arguments',
      argumentText([`--env-file=${environmentPath(job)}`, job.program.script, ...lookWords]),
    ),
  ])

export const environmentPath = ({ stateDirectory }: Job): string =>
  win32.join(stateDirectory, 'schedule.env')
