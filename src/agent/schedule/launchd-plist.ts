/** The text of a launchd job (launchd.plist(5)). */

import { posix } from 'node:path'
import { lookWords, type Job } from './facility.ts'
import { areLocal, lookTimes, type LookTime } from './looks.ts'
import { mark } from './paths.ts'
import { element, type Xml } from './xml.ts'

export const jobLabel = 'backup-agent'

export function plistText(job: Job): string {
  const { program, stateDirectory } = job
  const words = [program.node, program.script, ...lookWords]
  const log = string(posix.join(stateDirectory, 'schedule.log'))
  const values = dictionary([
    ['Label', string(jobLabel)],
    ['ProgramArguments', array(words.map(string))],
    ['EnvironmentVariables', dictionary([['BACKUP_STATE_DIR', string(stateDirectory)]])],
    whenOf(job),
    // A time that passed while the machine was off is not made up for by launchd, only one it slept through.
    ['RunAtLoad', element('true', [])],
    ['ProcessType', string('Background')],
    ['LowPriorityIO', element('true', [])],
    ['Nice', integer(10)],
    ['Umask', integer(0o077)],
    ['StandardOutPath', log],
    ['StandardErrorPath', log],
  ])
  const plist = element('plist', [values], 'version="1.0"')
  return `${[...head, ...plist].join('\n')}\n`
}

const head = [
  '<?xml version="1.0" encoding="UTF-8"?>',
  '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
  `<!-- ${mark} -->`,
]

const quarterSeconds = 15 * 60

/** launchd knows the machine's own zone only. */
const whenOf = ({ schedules }: Job): readonly [string, Xml] =>
  areLocal(schedules)
    ? ['StartCalendarInterval', array(lookTimes(schedules).flatMap(intervalsOf))]
    : ['StartInterval', integer(quarterSeconds)]

function intervalsOf({ minuteOfDay, daysOfWeek }: LookTime): Xml[] {
  const time: (readonly [string, Xml])[] = [
    ['Hour', integer(Math.floor(minuteOfDay / 60))],
    ['Minute', integer(minuteOfDay % 60)],
  ]
  if (daysOfWeek === null) return [dictionary(time)]
  return daysOfWeek.map((day) => dictionary([['Weekday', integer(day)], ...time]))
}

const string = (text: string): Xml => element('string', text)
const integer = (value: number): Xml => element('integer', String(value))
const array = (items: readonly Xml[]): Xml => element('array', items)
const dictionary = (entries: readonly (readonly [string, Xml])[]): Xml =>
  element(
    'dict',
    entries.flatMap(([key, value]) => [element('key', key), value]),
  )
