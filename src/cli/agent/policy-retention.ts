/** `backup policy retention show|set|cancel`: how long the vault keeps the points of a source. */

import type { Command } from 'commander'
import { parseSourceName } from '../../model/ids.ts'
import { retentionTags, type RetentionTag } from '../../model/point-record.ts'
import type { DayOfMonth, RetentionPolicy } from '../../policy/retention.ts'
import { parseDayOfMonth, parseKept, retentionLines } from '../../policy/retention-words.ts'
import { parseTimeOfDay, parseWeekdays } from '../../policy/schedule-words.ts'
import type { RetentionAnswer } from '../../protocol/messages.ts'
import { localTimeText } from '../render/units.ts'
import type { CommandContext } from './context.ts'
import { sourceOption, usualSource, withConnection } from './open.ts'
import { withPin } from './pin.ts'

interface SetOptions extends Partial<Record<RetentionTag, number | null>> {
  readonly from?: number
  readonly weekDays?: number[]
  readonly monthDay?: DayOfMonth
  readonly yearMonth?: string
  readonly yearDay?: DayOfMonth
  readonly timeZone?: string
  readonly pin?: string
}

export function addPolicyRetention(policy: Command, context: CommandContext): void {
  const retention = policy
    .command('retention')
    .description('say for how long the vault keeps the points of a source')
  retention
    .command('show')
    .description('as the vault has it, and the change that waits')
    .action((_options: unknown, command: Command) =>
      withConnection(context, async ({ connection }) =>
        say(context, await connection.retention(sourceIn(command))),
      ),
    )
  retention
    .command('set')
    .description('what is not said stays; longer holds at once, shorter needs a PIN and waits')
    .option(
      '--daily <days>',
      'for how many days daily points are kept; none: no such tag',
      parseKept,
    )
    .option('--weekly <weeks>', 'the same in weeks', parseKept)
    .option('--monthly <months>', 'the same in months', parseKept)
    .option('--yearly <years>', 'the same in years', parseKept)
    .option('--from <time>', 'from which time on a point is that of the day', parseTimeOfDay)
    .option('--week-days <days>', 'whose points are weekly ones, as in mon,thu', parseWeekdays)
    .option('--month-day <day>', '1 to 31, last, or as in first-mon, last-fri', parseDayOfMonth)
    .option('--year-month <month>', '1 to 12')
    .option('--year-day <day>', 'as --month-day', parseDayOfMonth)
    .option('--time-zone <zone>', 'in which days begin, as in Europe/Berlin')
    .option('--pin <pin>', "the PIN that the vault's operator gave for this change")
    .action((options: SetOptions, command: Command) => set(context, options, command))
  retention
    .command('cancel')
    .description('let the change that waits not happen')
    .action((_options: unknown, command: Command) =>
      withConnection(context, async ({ connection }) =>
        say(context, await connection.cancelRetention(sourceIn(command))),
      ),
    )
}

const sourceIn = (command: Command) => sourceOption(command) ?? parseSourceName(usualSource)

async function set(context: CommandContext, options: SetOptions, command: Command): Promise<void> {
  await withConnection(context, async ({ connection }) => {
    const source = sourceIn(command)
    const { policy: old } = await connection.retention(source)
    const policy = { ...wanted(old, options) }
    const given = { pin: options.pin, nothingYet: 'Nothing is shorter yet' }
    const answer = await withPin(context, given, (pin) =>
      connection.setRetention({ source, policy }, pin),
    )
    say(context, answer)
  })
}

type Sent = RetentionAnswer['policy']

function wanted(old: Sent, options: SetOptions): Sent {
  const keep = retentionTags.map((tag) => [
    tag,
    options[tag] === undefined ? old.keep[tag] : options[tag],
  ])
  return {
    keep: Object.fromEntries(keep) as Sent['keep'],
    minuteOfDay: options.from ?? old.minuteOfDay,
    daysOfWeek: options.weekDays ?? old.daysOfWeek,
    monthly: options.monthDay ?? old.monthly,
    yearly: {
      month: options.yearMonth === undefined ? old.yearly.month : Number(options.yearMonth),
      day: options.yearDay ?? old.yearly.day,
    },
    timeZone: options.timeZone ?? old.timeZone,
  }
}

function say({ output }: CommandContext, { policy, pending }: RetentionAnswer): void {
  output.event({ event: 'retention', policy, pending })
  const lines = (of: RetentionPolicy) => {
    for (const line of retentionLines(of)) output.line(`  ${line}`)
  }
  output.line('The vault keeps')
  lines(policy)
  if (pending === null) return
  output.line(`from ${localTimeText(pending.from)} on, unless backup policy retention cancel`)
  lines(pending.policy)
}
