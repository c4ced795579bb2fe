/** Each reason for which a run looks everywhere although its source was watched. */

import { describe, expect, it } from 'vitest'
import {
  planRun,
  type PlannedBase,
  type PlannedRun,
} from '../../../../src/agent/backup/by-journal.ts'
import type { WatchAnswer, Watermark } from '../../../../src/agent/backup/watched.ts'
import { hourMs } from '../../../../src/base/clock.ts'
import { recordHashOf } from '../../../../src/model/ids.ts'
import { defaultSelection } from '../../../../src/policy/selection.ts'

const [point, other] = [1, 2].map((byte) => recordHashOf(new Uint8Array(32).fill(byte))) as [
  Watermark['point'],
  Watermark['point'],
]
const startedMs = Date.UTC(2026, 10, 25)

const run: PlannedRun = {
  ...{ startedMs, selectionSettings: defaultSelection, cache: { isWhole: () => true } },
}
const previous = {
  ...{ facts: { id: point }, trust: { reuse: 'entries' as const }, manifest: { leftOutCount: 0 } },
} as const
const base: PlannedBase = { head: { hash: point }, previous }
const mark: Watermark = { point, fullMs: startedMs - hourMs, hasLinks: false }
const dirty = [{ path: Buffer.from('/home/me'), whole: false }]

const answer = (changes: Partial<Watermark> = {}): WatchAnswer => ({
  ...{ kind: 'changes', token: 'a:1', base: { ...mark, ...changes }, dirty },
})

const reasonOf = (...[of, at, said]: Parameters<typeof planRun>) => {
  const { scan, changes, fullMs } = planRun(of, at, said)
  if (scan.kind === 'journal') return undefined
  // A scan is the newest one.
  expect([changes, fullMs]).toEqual([undefined, startedMs])
  return scan.reason
}

describe('a run whose source was watched', () => {
  it('goes by the journal where all fits, and stays as old as the last scan', () => {
    expect(planRun(run, base, answer())).toMatchObject({
      scan: { kind: 'journal', directories: 1 },
      fullMs: mark.fullMs,
    })
  })

  it.each<readonly [string, PlannedRun, PlannedBase, WatchAnswer]>([
    ['other-base', run, { ...base, previous: undefined }, answer()],
    ['other-base', run, { ...base, head: { hash: other } }, answer()],
    ['other-base', run, base, answer({ point: other })],
    [
      'capture',
      run,
      { ...base, previous: { ...previous, trust: { reuse: 'contents' } } },
      answer(),
    ],
    ['cache', { ...run, cache: { isWhole: () => false } }, base, answer()],
    [
      'left-out',
      run,
      { ...base, previous: { ...previous, manifest: { leftOutCount: 1 } } },
      answer(),
    ],
    [
      'selection',
      { ...run, selectionSettings: { ...defaultSelection, mostDaysOld: 30 } },
      base,
      answer(),
    ],
    [
      'selection',
      { ...run, selectionSettings: { ...defaultSelection, skipNodump: true } },
      base,
      answer(),
    ],
    ['hard-links', run, base, answer({ hasLinks: true })],
    ['daily', run, base, answer({ fullMs: startedMs - 20 * hourMs })],
    // The clock was set back: how long ago the last one was nobody knows.
    ['daily', run, base, answer({ fullMs: startedMs + 1 })],
    ['overflow', run, base, { kind: 'scan', reason: 'overflow', token: 'a:1' }],
  ])('looks everywhere: %s', (reason, of, at, said) => {
    expect(reasonOf(of, at, said)).toBe(reason)
  })
})
