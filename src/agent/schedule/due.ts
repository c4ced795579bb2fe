/** Which sources of this machine are due, and the memory of what was done about it. */

import { errorCodeOf } from '../../base/errors.ts'
import { judge, missedTime, type DueRun, type Verdict } from '../../policy/due.ts'
import { defaultSchedule, nextTimes, scheduleAt, type Schedule } from '../../policy/schedule.ts'
import type { ServedSource, ServedSources } from '../state/schedule-state.ts'
import type { AgentState } from '../state/state.ts'
import type { Policy, SourcePolicy } from '../state/policy-state.ts'

/** Who looks, when and where. */
export interface Look {
  readonly nowMs: number
  /** The zone that the machine is in. */
  readonly timeZone: string
  /** The machine's id. */
  readonly machine: string
}

export type SourceVerdict = Verdict & { readonly source: string }

export const scheduleOf = (policy: SourcePolicy | undefined, timeZone: string): Schedule =>
  scheduleAt(policy?.schedule ?? defaultSchedule, timeZone)

/** Of each source that is backed up; what is due comes first, the earlier first. */
export async function judgeSources(state: AgentState, look: Look): Promise<SourceVerdict[]> {
  const [policies, served] = [await state.loadPolicy(), await loadServed(state)]
  return sourcesToRun(policies)
    .map(([source, policy]) => ({ source, ...judgeSource(policy, served[source], look) }))
    .sort((a, b) => turnOf(a) - turnOf(b))
}

const turnOf = (verdict: Verdict): number => (verdict.kind === 'due' ? verdict.startMs : Infinity)

export const sourcesToRun = (policies: Policy): (readonly [string, SourcePolicy])[] =>
  Object.entries(policies).filter(([, policy]) => isBackedUp(policy))

/** It includes something, and is neither paused nor stopped. */
export const isBackedUp = ({ include, activity }: SourcePolicy): boolean =>
  include.length > 0 && activity === undefined

export const judgeSource = (
  policy: SourcePolicy | undefined,
  served: ServedSource | undefined,
  look: Look,
): Verdict =>
  judge(scheduleOf(policy, look.timeZone), {
    ...look,
    servedUntilMs: served?.servedUntilMs,
    tries: served?.tries,
    chosen: served?.chosen,
  })

/** The scheduled time whose run nobody began, if that is what a due run makes up for. */
export async function missedTimeOf(
  state: AgentState,
  due: DueRun & { readonly source: string },
  { timeZone, machine }: Look,
): Promise<number | undefined> {
  const served = (await loadServed(state))[due.source]
  const schedule = scheduleOf((await state.loadPolicy())[due.source], timeZone)
  const { servedUntilMs, tries } = served ?? {}
  return missedTime(schedule, due, { servedUntilMs, tries, machine })
}

/** The next scheduled instant of a source. */
export function nextTimeOf(policies: Policy, source: string, look: Look): number {
  const [nextMs = Infinity] = nextTimes(scheduleOf(policies[source], look.timeZone), look.nowMs, 1)
  return nextMs
}

/** A run waits for its random delay: whoever looks next, it begins then. */
export const noteStart = (
  state: AgentState,
  source: string,
  { scheduledMs, startMs }: DueRun,
): Promise<void> =>
  changeServed(state, source, (served) => ({ ...served, chosen: { scheduledMs, startMs } }))

/** A scheduled run begins: should it fail, its next try waits. */
export const noteTry = (
  state: AgentState,
  source: string,
  { scheduledMs, nowMs }: { readonly scheduledMs: number; readonly nowMs: number },
): Promise<void> =>
  changeServed(state, source, ({ tries, ...others }) => {
    const firstMs = tries?.scheduledMs === scheduledMs ? Math.min(tries.firstMs, nowMs) : nowMs
    return { ...others, tries: { scheduledMs, firstMs, lastMs: nowMs } }
  })

/** A point was made, on schedule or by hand: nothing that was scheduled until its end is due any more. */
export const noteServed = (state: AgentState, source: string, endedMs: number): Promise<void> =>
  changeServed(state, source, () => ({ servedUntilMs: endedMs }))

/**
 * A schedule was changed: times that had passed when it was set are not made up for, unless a run was due under the old
 * one, or the source has no point yet.
 */
export async function noteNewSchedule(
  state: AgentState,
  { source, old }: { readonly source: string; readonly old: SourcePolicy | undefined },
  look: Look,
): Promise<void> {
  const served = (await loadServed(state))[source]
  if (served?.servedUntilMs === undefined) return
  const isPending = judgeSource(old, { servedUntilMs: served.servedUntilMs }, look).kind === 'due'
  if (!isPending) await noteServed(state, source, look.nowMs)
}

async function changeServed(
  state: AgentState,
  source: string,
  change: (served: ServedSource) => ServedSource,
): Promise<void> {
  const changed = (all: ServedSources = {}) => ({ ...all, [source]: change(all[source] ?? {}) })
  try {
    await state.served.update(changed)
  } catch (error) {
    if (errorCodeOf(error) !== 'state-damaged') throw error
    await state.served.save(changed())
  }
}

/** Without it sources are due once too often: no reason not to run. */
async function loadServed(state: AgentState): Promise<ServedSources> {
  try {
    return (await state.served.load()) ?? {}
  } catch (error) {
    if (errorCodeOf(error) === 'state-damaged') return {}
    throw error
  }
}
