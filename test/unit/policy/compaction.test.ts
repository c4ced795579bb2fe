import { describe, expect, it } from 'vitest'
import { dayMs } from '../../../src/base/clock.ts'
import { parseObjectId, type ObjectId } from '../../../src/model/ids.ts'
import {
  chooseSparsePacks,
  type CompactionFacts,
  type PackUse,
} from '../../../src/policy/compaction.ts'

const mebibyte = 1024 * 1024
const idOf = (number: number): ObjectId => parseObjectId(number.toString(16).padStart(64, '0'))
const nowMs = 20_000 * dayMs

const pack = (number: number, liveMebibytes: number, more: Partial<PackUse> = {}): PackUse => ({
  ...{ id: idOf(number), kind: 'data', day: 19_900 },
  ...{ payloadBytes: 16 * mebibyte, liveBytes: liveMebibytes * mebibyte },
  ...more,
})

const chosen = (packs: readonly PackUse[], facts: Partial<CompactionFacts> = {}) => {
  const plan = chooseSparsePacks({ packs, points: [], nowMs, sentBytes: 0, ...facts })
  return { ...plan, packs: [...plan.packs].map((id) => Number(`0x${id}`)) }
}

const heldFor = (days: number, committedDay = 19_950) => ({
  points: [{ committedMs: committedDay * dayMs, retainUntilMs: nowMs + days * dayMs }],
})

describe('which packs a run empties', () => {
  it('those of which less than half is needed', () => {
    expect(chosen([pack(1, 7.9), pack(2, 8), pack(3, 16)]).packs).toEqual([1])
  })

  it('tree packs first, then the emptiest, as far as the budget goes', () => {
    const packs = [pack(1, 6), pack(2, 2), pack(3, 7, { kind: 'tree' }), pack(4, 5), pack(5, 0)]
    expect(chosen(packs)).toEqual({ packs: [3, 5, 2, 4], carriedBytes: 14 * mebibyte })
    expect(chosen(packs, { sentBytes: 80 * mebibyte }).packs).toEqual([3, 5, 2, 4, 1])
  })

  it('not those that a point holds on to for longer than it is worth: its age, by the dead share', () => {
    expect(chosen([pack(1, 4)], heldFor(74)).packs).toEqual([1])
    expect(chosen([pack(1, 4)], heldFor(75)).packs).toEqual([])
    expect(chosen([pack(1, 4, { day: 19_000 })], heldFor(749)).packs).toEqual([1])
    expect(chosen([pack(1, 4, { day: 19_000 })], heldFor(750)).packs).toEqual([])
    // A point that is older than the pack does not name it.
    expect(chosen([pack(1, 4)], heldFor(3_000, 19_899)).packs).toEqual([1])
    expect(chosen([pack(1, 4)], heldFor(3_000, 19_900)).packs).toEqual([])
  })

  it('none where little comes of it, and none that is empty by itself', () => {
    const little = { payloadBytes: 100_000, liveBytes: 10_000 }
    expect(chosen([pack(1, 0, little)]).packs).toEqual([])
    expect(chosen([pack(1, 0, little), pack(2, 0, little)]).packs).toEqual([1, 2])
    expect(chosen([pack(1, 0, { payloadBytes: 0 })]).packs).toEqual([])
  })
})
