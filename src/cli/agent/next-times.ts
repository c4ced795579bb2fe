/** When the sources are backed up next, for people and machines. */

import { systemClock } from '../../base/clock.ts'
import { isBackedUp, judgeSource, scheduleOf, type Look } from '../../agent/schedule/due.ts'
import type { AgentState } from '../../agent/state/state.ts'
import type { SourcePolicy } from '../../agent/state/policy-state.ts'
import { localTimeZone } from '../../config/local-time-zone.ts'
import { defaultSchedule, nextTimes } from '../../policy/schedule.ts'
import { scheduleText } from '../../policy/schedule-words.ts'
import type { CommandContext } from './context.ts'

/** `Tue 2026-11-24 21:00 Europe/Berlin` */
export function zonedTimeText(timeMs: number, timeZone: string): string {
  const weekday = new Intl.DateTimeFormat('en-US', { timeZone, weekday: 'short' }).format(timeMs)
  const time = new Intl.DateTimeFormat('sv-SE', {
    timeZone,
    dateStyle: 'short',
    timeStyle: 'short',
  }).format(timeMs)
  return `${weekday} ${time} ${timeZone}`
}

export const lookNow = async (state: AgentState): Promise<Look> => ({
  nowMs: systemClock.now(),
  timeZone: localTimeZone(),
  machine: (await state.registration.load())?.machineId ?? '',
})

const shownTimes = 3

/** The next three times of a source. */
export async function sayNextTimes(
  { output }: CommandContext,
  state: AgentState,
  [source, policy]: readonly [string, SourcePolicy | undefined],
): Promise<void> {
  const look = await lookNow(state)
  const schedule = scheduleOf(policy, look.timeZone)
  const text = scheduleText(policy?.schedule ?? defaultSchedule)
  const times = nextTimes(schedule, look.nowMs, shownTimes)
  const served = (await state.served.load())?.[source]
  const isDue =
    policy !== undefined && isBackedUp(policy) && judgeSource(policy, served, look).kind === 'due'
  output.event({
    event: 'schedule',
    source,
    schedule: text,
    timeZone: schedule.timeZone,
    due: isDue,
    activity: policy?.activity ?? null,
    next: times.map((time) => new Date(time).toISOString()),
  })
  output.line(`Source ${source}: ${text}`)
  if (policy?.activity !== undefined) output.line(`  ${policy.activity}: policy resume`)
  if (isDue) output.line('  due now')
  for (const time of times) output.line(`  next     ${zonedTimeText(time, schedule.timeZone)}`)
}
