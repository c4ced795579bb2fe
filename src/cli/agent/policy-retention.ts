/** `backup policy retention show|set|cancel`: how long the vault keeps the points of a source. */

import type { Command } from 'commander'
import { parseMonth } from '../../agent/policy-file/retention.ts'
import { changeSource } from '../../agent/state/change-policy.ts'
import type { AgentState } from '../../agent/state/state.ts'
import { parseSourceName, type SourceName } from '../../model/ids.ts'
import type { RetentionTag } from '../../model/point-record.ts'
import type { DayOfMonth, RetentionPolicy } from '../../policy/retention.ts'
import { parseDayOfMonth, parseKept, retentionLines } from '../../policy/retention-words.ts'
import { parseTimeOfDay, parseWeekdays } from '../../policy/schedule-words.ts'
import { retentionRequestSchema, type RetentionAnswer } from '../../protocol/messages.ts'
import { localTimeText } from '../render/units.ts'
import type { CommandContext } from './context.ts'
import { usualSource, withConnection } from './open.ts'
import { sourceOption } from './state-of.ts'
import { withPin } from './pin.ts'

interface SetOptions extends Partial<Record<RetentionTag, number | null>> {
  readonly from?: number
  readonly weekDays?: number[]
  readonly monthDay?: DayOfMonth
  readonly yearMonth?: number
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
    .option('--year-month <month>', '1 to 12', parseMonth)
    .option('--year-day <day>', 'as --month-day', parseDayOfMonth)
    .option('--time-zone <zone>', 'in which days begin, as in Europe/Berlin')
    .option('--pin <pin>', "the PIN that the vault's operator gave for this change")
    .action((options: SetOptions, command: Command) => set(context, options, command))
  retention
    .command('cancel')
    .description('let the change that waits not happen')
    .action((_options: unknown, command: Command) =>
      withConnection(context, async ({ connection, state }) => {
        const answer = await connection.cancelRetention(sourceIn(command))
        await keepHere(state, sourceIn(command), answer.policy)
        say(context, answer)
      }),
    )
}

const sourceIn = (command: Command) => sourceOption(command) ?? parseSourceName(usualSource)

async function set(context: CommandContext, options: SetOptions, command: Command): Promise<void> {
  await withConnection(context, async ({ connection, state }) => {
    const source = sourceIn(command)
    const here = (await state.loadPolicy())[source]?.retention
    const { policy: there } = await connection.retention(source)
    const { policy } = retentionRequestSchema.parse({
      ...{ source, policy: wanted(here ?? there, options) },
    })
    const given = { pin: options.pin, nothingYet: 'Nothing is shorter yet' }
    const answer = await withPin(context, given, (pin) =>
      connection.setRetention({ source, policy }, pin),
    )
    await keepHere(state, source, policy)
    say(context, answer)
  })
}

/** A source that is included here is told by each run; what was taken last is what it tells. */
async function keepHere(
  state: AgentState,
  source: SourceName,
  retention: RetentionPolicy,
): Promise<void> {
  if ((await state.loadPolicy())[source] === undefined) return
  await changeSource(state, source, (old) => ({ ...old, retention }))
}

function wanted(old: RetentionPolicy, options: SetOptions): RetentionPolicy {
  const kept = (tag: RetentionTag) => (options[tag] === undefined ? old.keep[tag] : options[tag])
  return {
    keep: {
      daily: kept('daily'),
      weekly: kept('weekly'),
      monthly: kept('monthly'),
      yearly: kept('yearly'),
    },
    minuteOfDay: options.from ?? old.minuteOfDay,
    daysOfWeek: options.weekDays ?? old.daysOfWeek,
    monthly: options.monthDay ?? old.monthly,
    yearly: {
      month: options.yearMonth ?? old.yearly.month,
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
