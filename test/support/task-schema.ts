/**
 * The parts of the Task Scheduler's schema that a backup needs, from [MS-TSCH] 2.5: for each element which may be in it,
 * in which order (a sequence) or in any (all), and which values it takes.
 */

import type { XmlElement } from './xml.ts'

interface Shape {
  readonly sequence?: readonly string[]
  readonly all?: readonly string[]
  readonly value?: RegExp
}

const boolean = { value: /^(true|false)$/ }
const duration = { value: /^P(\d+D)?(T(\d+H)?(\d+M)?(\d+S)?)?$/ }
const whole = { value: /^\d+$/ }
const days = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

const triggerBase = ['Enabled', 'StartBoundary', 'EndBoundary', 'Repetition', 'ExecutionTimeLimit']

const shapes: Readonly<Record<string, Shape>> = {
  Task: {
    all: ['RegistrationInfo', 'Triggers', 'Settings', 'Data', 'Principals', 'Actions'],
  },
  RegistrationInfo: { all: ['URI', 'Date', 'Author', 'Version', 'Description'] },
  Description: { value: /./ },
  Triggers: { sequence: ['CalendarTrigger'] },
  CalendarTrigger: {
    sequence: [...triggerBase, 'RandomDelay', 'ScheduleByDay', 'ScheduleByWeek'],
  },
  StartBoundary: { value: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/ },
  Repetition: { all: ['Interval', 'Duration', 'StopAtDurationEnd'] },
  Interval: duration,
  Duration: duration,
  ScheduleByDay: { all: ['DaysInterval'] },
  DaysInterval: whole,
  ScheduleByWeek: { all: ['WeeksInterval', 'DaysOfWeek'] },
  WeeksInterval: { value: /^([1-9]|[1-4]\d|5[0-2])$/ },
  DaysOfWeek: { all: days },
  ...Object.fromEntries(days.map((day) => [day, {}])),
  Principals: { sequence: ['Principal'] },
  Principal: { all: ['UserId', 'LogonType', 'GroupId', 'DisplayName', 'RunLevel'] },
  UserId: { value: /./ },
  LogonType: { value: /^(S4U|Password|InteractiveToken|InteractiveTokenOrPassword)$/ },
  RunLevel: { value: /^(LeastPrivilege|HighestAvailable)$/ },
  Settings: {
    all: [
      ...['AllowStartOnDemand', 'RestartOnFailure', 'MultipleInstancesPolicy'],
      ...['DisallowStartIfOnBatteries', 'StopIfGoingOnBatteries', 'AllowHardTerminate'],
      ...['StartWhenAvailable', 'RunOnlyIfNetworkAvailable', 'WakeToRun', 'Enabled', 'Hidden'],
      ...['IdleSettings', 'ExecutionTimeLimit', 'Priority', 'RunOnlyIfIdle'],
    ],
  },
  RestartOnFailure: { all: ['Interval', 'Count'] },
  Count: { value: /^([1-9]\d?|1\d\d|2[0-4]\d|25[0-5])$/ },
  MultipleInstancesPolicy: { value: /^(Parallel|Queue|IgnoreNew|StopExisting)$/ },
  DisallowStartIfOnBatteries: boolean,
  StopIfGoingOnBatteries: boolean,
  StartWhenAvailable: boolean,
  RunOnlyIfNetworkAvailable: boolean,
  ExecutionTimeLimit: duration,
  Priority: { value: /^(\d|10)$/ },
  Actions: { sequence: ['Exec'] },
  Exec: { all: ['Command', 'Arguments', 'WorkingDirectory'] },
  Command: { value: /^.{1,260}$/ },
  Arguments: { value: /./ },
}

/** What the schema does not allow, as sentences. */
export function schemaFaults(element: XmlElement): string[] {
  const { name, children, text } = element
  const shape = shapes[name]
  if (shape === undefined) return [`${name} is not in the table`]
  const names = children.map((child) => child.name)
  const faults = children.flatMap(schemaFaults)
  const { sequence, all, value } = shape
  if (value !== undefined && !value.test(text)) faults.push(`${name} can not be ${text}`)
  const wrong = names.filter((child) => !(sequence ?? all ?? []).includes(child))
  faults.push(...wrong.map((child) => `${child} may not be in ${name}`))
  if (sequence !== undefined) {
    const places = names.map((child) => sequence.indexOf(child))
    const isOrdered = places.every((place, at) => at === 0 || place >= (places[at - 1] ?? 0))
    if (!isOrdered) faults.push(`${name} has them in another order: ${names.join(', ')}`)
  } else if (new Set(names).size < names.length) {
    faults.push(`${name} has one twice: ${names.join(', ')}`)
  }
  return faults
}
