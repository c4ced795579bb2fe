import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  judgeSources,
  noteNewSchedule,
  noteServed,
  noteTry,
  type Look,
} from '../../../../src/agent/schedule/due.ts'
import { openState, type AgentState } from '../../../../src/agent/state/state.ts'
import type { SourcePolicy } from '../../../../src/agent/state/policy-state.ts'
import { minuteMs } from '../../../../src/base/clock.ts'
import { utf8 } from '../../../../src/base/bytes.ts'
import { defaultSchedule, type ScheduleSettings } from '../../../../src/policy/schedule.ts'
import { at } from '../../../support/schedule-job.ts'
import { scratchDirectory } from '../../../support/scratch.ts'

const time = (text: string): number => Date.parse(text)

const look = (now: string): Look => ({ nowMs: time(now), timeZone: 'UTC', machine: 'laptop' })

const policyWith = (schedule?: ScheduleSettings): SourcePolicy => ({
  include: [{ bytes: utf8('/home'), shown: '/home' }],
  exclude: ['*.tmp'],
  schedule,
})

async function stateWith(sources: Readonly<Record<string, SourcePolicy>>): Promise<AgentState> {
  const state = openState(scratchDirectory())
  await state.savePolicy(sources)
  return state
}

describe('the sources of a machine', () => {
  test('keep their schedules in the policy, and have 21:00 local time without one', async () => {
    const schedule = { ...at(540), weekly: { daysOfWeek: [1], everyWeeks: 2, countedFrom: 20_000 } }
    const state = await stateWith({ files: policyWith(), work: policyWith(schedule) })
    expect(await state.loadPolicy()).toEqual({ files: policyWith(), work: policyWith(schedule) })
    await noteServed(state, 'files', time('2026-11-24T20:00Z'))
    const verdicts = await judgeSources(state, {
      ...look('2026-11-24T20:01Z'),
      timeZone: 'Asia/Tokyo',
    })
    expect(verdicts.find(({ source }) => source === 'files')).toEqual({
      ...{ source: 'files', kind: 'not-due' },
      nextMs: time('2026-11-25T12:00Z'),
    })
  })

  test('are judged each for itself, what is due first, and not before they include something', async () => {
    const empty = { include: [], exclude: [] }
    const state = await stateWith({ empty, first: policyWith(), second: policyWith(at(0)) })
    await noteServed(state, 'first', time('2026-11-24T21:30Z'))
    expect(await judgeSources(state, look('2026-11-24T22:00Z'))).toMatchObject([
      { source: 'second', kind: 'due', scheduledMs: time('2026-11-24T00:00Z') },
      { source: 'first', kind: 'not-due', nextMs: time('2026-11-25T21:00Z') },
    ])
  })
})

describe('what is remembered of a source', () => {
  const verdictAt = async (state: AgentState, now: string) =>
    (await judgeSources(state, look(now)))[0]

  test('is the end of its last run: an instant within it is served', async () => {
    const state = await stateWith({ files: policyWith() })
    await noteServed(state, 'files', time('2026-11-24T21:10Z'))
    expect(await verdictAt(state, '2026-11-25T20:59Z')).toMatchObject({ kind: 'not-due' })
    expect(await verdictAt(state, '2026-11-25T21:00Z')).toMatchObject({ kind: 'due' })
  })

  test('is when it was tried: not again at once, and again a quarter of an hour later', async () => {
    const state = await stateWith({ files: policyWith() })
    await noteServed(state, 'files', time('2026-11-23T21:10Z'))
    const scheduledMs = time('2026-11-24T21:00Z')
    await noteTry(state, 'files', { scheduledMs, nowMs: scheduledMs })
    await noteTry(state, 'files', { scheduledMs, nowMs: scheduledMs + 15 * minuteMs })
    expect((await state.served.load())?.['files']?.tries).toEqual({
      scheduledMs,
      firstMs: scheduledMs,
      lastMs: scheduledMs + 15 * minuteMs,
    })
    expect(await verdictAt(state, '2026-11-24T21:16Z')).toMatchObject({ kind: 'not-due' })
    expect(await verdictAt(state, '2026-11-24T21:30Z')).toMatchObject({ kind: 'due', scheduledMs })
    await noteServed(state, 'files', time('2026-11-24T21:31Z'))
    expect(await verdictAt(state, '2026-11-24T21:45Z')).toMatchObject({ kind: 'not-due' })
  })

  test('is nothing where its file is damaged: the source is due', async () => {
    const state = await stateWith({ files: policyWith() })
    writeFileSync(join(state.directory, 'served.json'), '{')
    expect(await verdictAt(state, '2026-11-24T20:00Z')).toMatchObject({ kind: 'due' })
    await noteServed(state, 'files', time('2026-11-24T20:01Z'))
    expect(await verdictAt(state, '2026-11-24T20:02Z')).toMatchObject({ kind: 'not-due' })
  })

  test('is gone with the registration: the next vault has no point yet', async () => {
    const state = await stateWith({ files: policyWith() })
    await noteServed(state, 'files', time('2026-11-24T20:00Z'))
    await state.forget()
    expect(await verdictAt(state, '2026-11-24T20:02Z')).toMatchObject({ kind: 'due' })
  })
})

describe('a schedule that is changed', () => {
  const noon = look('2026-11-24T12:00Z')
  const morning = policyWith(at(9 * 60))

  async function changedAtNoon(servedUntil: string | undefined) {
    const state = await stateWith({ files: policyWith(defaultSchedule) })
    if (servedUntil !== undefined) await noteServed(state, 'files', time(servedUntil))
    await noteNewSchedule(state, { source: 'files', old: policyWith(defaultSchedule) }, noon)
    await state.savePolicy({ files: morning })
    return (await judgeSources(state, noon))[0]
  }

  test('does not make up for a time that had passed when it was set', async () => {
    expect(await changedAtNoon('2026-11-23T21:10Z')).toMatchObject({
      kind: 'not-due',
      nextMs: time('2026-11-25T09:00Z'),
    })
  })

  test('does not drop a run that was due', async () => {
    expect(await changedAtNoon('2026-11-22T21:10Z')).toMatchObject({ kind: 'due' })
  })

  test('leaves a source without a point due', async () => {
    expect(await changedAtNoon(undefined)).toMatchObject({ kind: 'due' })
  })
})
