/** `backup policy schedule set|clear`: when a source is backed up. */

import type { Command } from 'commander'
import { BackupError } from '../../base/errors.ts'
import { noteNewSchedule, type Look } from '../../agent/schedule/due.ts'
import { changeSource } from '../../agent/state/change-policy.ts'
import {
  checkedSchedule,
  withCountedWeeks,
  type ScheduleSettings,
  type WeeklySettings,
} from '../../policy/schedule.ts'
import { parseDuration, parseTimeOfDay, parseWeekdays } from '../../policy/schedule-words.ts'
import type { CommandContext } from './context.ts'
import { lookNow, sayNextTimes } from './next-times.ts'
import { usualSource } from './open.ts'
import { sourceOption, stateOf } from './state-of.ts'

interface SetOptions {
  readonly at: readonly number[]
  readonly weekly?: readonly number[]
  readonly everyWeeks?: number
  readonly timeZone?: string
  readonly randomDelay?: number
}

export function addPolicySchedule(policy: Command, context: CommandContext): void {
  const schedule = policy.command('schedule').description('say when a source is backed up')
  schedule
    .command('set')
    .description('back it up at these times; what is not said is as by default')
    .requiredOption('--at <time>', 'a time of day, as in 21:00; up to three times', addTime)
    .option('--weekly <days>', 'on these days, as in mon,thu; daily by default', parseWeekdays)
    .option('--every-weeks <n>', 'in every n-th week, 1 to 4', Number)
    .option('--time-zone <zone>', 'as in Europe/Berlin; where the machine is by default')
    .option('--random-delay <time>', 'begin up to so much later, as in 15m', parseDuration)
    .action((options: SetOptions, command: Command) =>
      change(context, command, (old, look) => wantedSchedule(options, old, look)),
    )
  schedule
    .command('clear')
    .description('back it up daily at 21:00 local time again')
    .action((_options: unknown, command: Command) => change(context, command, () => undefined))
}

const addTime = (text: string, others: readonly number[] = []): number[] => [
  ...others,
  parseTimeOfDay(text),
]

async function change(
  context: CommandContext,
  command: Command,
  edit: (old: ScheduleSettings | undefined, look: Look) => ScheduleSettings | undefined,
): Promise<void> {
  const state = stateOf(context.host)
  const source = sourceOption(command) ?? usualSource
  const look = await lookNow(state)
  const changed = await changeSource(state, source, async (old) => {
    const wanted = { ...old, schedule: edit(old.schedule, look) }
    await noteNewSchedule(state, { source, old }, look)
    return wanted
  })
  await sayNextTimes(context, state, [source, changed])
  context.output.note('So that the system looks at these times: backup schedule install')
}

/** @throws BackupError `usage` */
function wantedSchedule(
  options: SetOptions,
  old: ScheduleSettings | undefined,
  look: Look,
): ScheduleSettings {
  const { at, timeZone = null, randomDelay = 0 } = options
  const wanted = checkedSchedule({
    minutesOfDay: at,
    weekly: wantedWeekly(options),
    timeZone,
    randomDelayMs: randomDelay,
  })
  return withCountedWeeks(wanted, old, look)
}

function wantedWeekly({ weekly, everyWeeks }: SetOptions): WeeklySettings | null {
  if (weekly !== undefined) {
    return { daysOfWeek: weekly, everyWeeks: everyWeeks ?? 1, countedFrom: 0 }
  }
  if (everyWeeks === undefined) return null
  throw new BackupError('usage', '--every-weeks needs days of the week.', {
    hint: 'Say which by --weekly, as in --weekly mon,thu',
  })
}
