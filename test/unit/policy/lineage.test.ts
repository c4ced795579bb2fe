import { describe, expect, it } from 'vitest'
import { continueLineage, type Lineage } from '../../../src/policy/lineage.ts'

/** Machines by name, each with the token it told last; `set` is what they do, in this order. */
function tell(...steps: readonly (readonly [machine: string, from?: string])[]): Lineage {
  const tokens = new Map<string, string>()
  let known: Lineage | undefined
  steps.forEach(([machine, from], at) => {
    // `from`: its state is now a copy of that one's.
    if (from !== undefined) tokens.set(machine, tokens.get(from) ?? '')
    const next = `token-${at}`
    known = continueLineage(known, { seen: tokens.get(machine) ?? null, next }, at)
    tokens.set(machine, next)
  })
  if (known === undefined) throw new Error('nothing was told')
  return known
}

describe('one registration', () => {
  it('of one machine is no clone, whatever it has told', () => {
    expect(tell(['a'], ['a'], ['a'])).toMatchObject({ clonedAt: null, left: [] })
  })

  it('of two that are both at work is noticed when the first comes again', () => {
    expect(tell(['a'], ['b', 'a']).clonedAt).toBeNull()
    expect(tell(['a'], ['a'], ['b', 'a'], ['a'], ['b']).clonedAt).toBe(4)
    expect(tell(['a'], ['b', 'a'], ['c', 'a'], ['b']).clonedAt).toBe(3)
  })

  it('of two copies of a machine that had not run yet is noticed, too', () => {
    expect(tell(['a'], ['b'], ['a']).clonedAt).toBe(2)
  })

  it('whose state was restored from an old copy goes on without an alarm', () => {
    let known = continueLineage(undefined, { seen: null, next: '1' }, 0)
    for (const [seen, next] of [
      ['1', '2'],
      ['2', '3'],
      ['1', '4'],
      ['4', '5'],
      ['5', '6'],
    ] as const) {
      known = continueLineage(known, { seen, next }, 1)
    }
    expect(known).toEqual({ current: '6', left: ['3'], clonedAt: null })
  })

  it('of a machine that is set back to the same state before each start is no clone', () => {
    let known = continueLineage(undefined, { seen: null, next: 'image' }, 0)
    for (let start = 0; start < 100; start++) {
      known = continueLineage(known, { seen: 'image', next: `start-${start}` }, start)
    }
    expect(known.clonedAt).toBeNull()
    expect(known.left).toHaveLength(64)
  })

  it('is told again by a machine that heard no answer, and stays as it was', () => {
    const first = continueLineage(undefined, { seen: null, next: '1' }, 0)
    const second = continueLineage(first, { seen: '1', next: '2' }, 1)
    expect(continueLineage(second, { seen: '1', next: '2' }, 2)).toBe(second)
  })
})
