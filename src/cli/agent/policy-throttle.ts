/** `backup policy throttle set|clear`: how fast a source may use the line. */

import type { Command } from 'commander'
import { BackupError } from '../../base/errors.ts'
import { changeSource } from '../../agent/state/change-policy.ts'
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
  rateText,
  type LineRates,
  type ThrottleSettings,
  type WorkHours,
} from '../../policy/throttle.ts'
import type { CommandContext } from './context.ts'
import { usualSource } from './open.ts'
import { sourceOption, stateOf } from './state-of.ts'

interface SetOptions {
  readonly upload?: number | null
  readonly download?: number | null
  readonly workHours?: Pick<WorkHours, 'fromMinute' | 'toMinute'>
  readonly workDays?: readonly number[]
  readonly workUpload?: number | null
  readonly workDownload?: number | null
}

export function addPolicyThrottle(policy: Command, context: CommandContext): void {
  const throttle = policy.command('throttle').description('say how fast a source may use the line')
  throttle
    .command('set')
    .description('limit it, also while a run goes on; what is not said has no limit')
    .option('--upload <rate>', 'a second, as in 10Mbit or 1.5MiB', parseRate)
    .option('--download <rate>', 'the same, for restores', parseRate)
    .option('--work-hours <from-to>', 'when other rates hold, as in 08:00-18:00', parseHours)
    .option('--work-days <days>', 'on these days, as in mon,tue; Monday to Friday', parseWeekdays)
    .option('--work-upload <rate>', 'in work hours', parseRate)
    .option('--work-download <rate>', 'in work hours', parseRate)
    .action((options: SetOptions, command: Command) =>
      change(context, command, wantedThrottle(options)),
    )
  throttle
    .command('clear')
    .description('as fast as it goes')
    .action((_options: unknown, command: Command) => change(context, command, undefined))
}

/** @throws BackupError `usage` */
function wantedThrottle(options: SetOptions): ThrottleSettings {
  const { upload = null, download = null } = options
  return { rates: { upload, download }, workHours: wantedWorkHours(options) }
}

function wantedWorkHours(options: SetOptions): WorkHours | null {
  const { workHours, workDays = mondayToFriday, workUpload, workDownload } = options
  const isSaid = [options.workDays, workUpload, workDownload].some((each) => each !== undefined)
  if (workHours === undefined && !isSaid) return null
  if (workHours === undefined) {
    throw new BackupError('usage', 'Say when work hours are: --work-hours 08:00-18:00.')
  }
  const rates: LineRates = { upload: workUpload ?? null, download: workDownload ?? null }
  return checkedWorkHours({ ...workHours, daysOfWeek: workDays, rates })
}

async function change(
  { host, output }: CommandContext,
  command: Command,
  throttle: ThrottleSettings | undefined,
): Promise<void> {
  const source = sourceOption(command) ?? usualSource
  await changeSource(stateOf(host), source, (old) => ({ ...old, throttle }))
  output.event({ event: 'throttle', source, throttle: throttle ?? null })
  output.line(`Source ${source}`)
  for (const line of throttleLines(throttle)) output.line(`  ${line}`)
}

/** For people; none where there is no limit. */
export function throttleLines(throttle: ThrottleSettings | undefined): string[] {
  if (throttle === undefined) return []
  const { rates, workHours } = throttle
  const said = ({ upload, download }: LineRates) =>
    `upload ${rateText(upload)}, download ${rateText(download)}`
  if (workHours === null) return [`line     ${said(rates)}`]
  const { fromMinute, toMinute, daysOfWeek } = workHours
  const days = daysOfWeek.map(weekdayWord).join(', ')
  return [
    `line     ${said(rates)}`,
    `         ${timeOfDayText(fromMinute)}-${timeOfDayText(toMinute)} ${days}: ${said(workHours.rates)}`,
  ]
}
