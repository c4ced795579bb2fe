/** Every order of the steps of two runs and two collectors, each of which may stop for long, crash and begin again. */

import { expect, test } from 'vitest'
import {
  brokenPromise,
  rules,
  start,
  successors,
  type Rule,
  type State,
  type World,
} from './collection-model.ts'

interface Seen {
  readonly from: string | undefined
  readonly step: string
}

interface Explored {
  readonly states: number
  /** The shortest way to a state in which a promise is broken, and which. */
  readonly counterexample: readonly string[] | undefined
}

/** Breadth first, so that what is found is as short as it can be. */
function explore(from: State, world: World): Explored {
  const seen = new Map<string, Seen>([[keyOf(from), { from: undefined, step: 'start' }]])
  let wave: State[] = [from]
  while (wave.length > 0) {
    const following: State[] = []
    for (const state of wave) {
      const from = keyOf(state)
      const broken = brokenPromise(state, world)
      if (broken !== undefined) {
        return { states: seen.size, counterexample: [...wayTo(from, seen), broken] }
      }
      for (const { step, state: reached } of successors(state, world)) {
        const key = keyOf(reached)
        if (seen.has(key)) continue
        seen.set(key, { from, step })
        following.push(reached)
      }
    }
    wave = following
  }
  return { states: seen.size, counterexample: undefined }
}

/** All its values one after another; lists in brackets, since they differ in length. */
function keyOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(keyOf).join()}]`
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.values(value).map(keyOf).join()
}

function wayTo(key: string, seen: ReadonlyMap<string, Seen>): string[] {
  const steps: string[] = []
  for (let at: string | undefined = key; at !== undefined;) {
    const found = seen.get(at)
    if (found === undefined) break
    steps.unshift(found.step)
    at = found.from
  }
  return steps
}

/** The prompt collector is about to forget a copy that the slow one has moved after all; an upload is on its way. */
const lateMove = [
  'putObject',
  'sightClock, adoptUnknown (1)',
  'markNeeded (1)',
  'fateOf (1)',
  'unusedObjects (1)',
  'trashBatch (1)',
  'time passes',
  'moveOne: stateOf (1)',
  'time passes',
  'sightClock, adoptUnknown (2)',
  'markNeeded (2)',
  'fateOf (2)',
  'move: rename (1)',
  'moveOne looks again (1)',
]

function after(steps: readonly string[], world: World): State {
  let state = start
  for (const step of steps) {
    const taken = [...successors(state, world)].find((one) => one.step === step)
    if (taken === undefined) throw new Error(`No step ${step} from here.`)
    state = taken.state
  }
  return state
}

test('with all rules nothing that was promised is lost, in any order', { timeout: 180_000 }, () => {
  const { states, counterexample } = explore(start, { horizon: 3, without: undefined })
  expect(counterexample).toBeUndefined()
  expect(states).toBeGreaterThan(500_000)
})

const removed = (Object.keys(rules) as Rule[]).map((without) => ({ without, rule: rules[without] }))

test.each(removed)('something is lost without: $rule', { timeout: 120_000 }, ({ without }) => {
  if (without !== 'trash') {
    expect(explore(start, { horizon: 3, without }).counterexample).toBeDefined()
    return
  }
  const world = { horizon: 3, without, isSlowAgain: true }
  expect(explore(after(lateMove, world), world).counterexample).toBeDefined()
})
