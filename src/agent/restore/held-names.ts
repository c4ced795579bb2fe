/** A plan whose places have the names that the target can hold: none that it would take for another one of the point. */

import type { PlanItem, RestorePlan } from './plan.ts'
import { heldName, nameKey, numberedName, type NameRules } from './target/names.ts'
import type { Place } from './target/target.ts'

export function withHeldNames(plan: RestorePlan, rules: NameRules): RestorePlan {
  if (rules === 'bytes') return plan
  return {
    items: async function* (options = {}) {
      const names = createNames(rules)
      for await (const item of plan.items(options)) {
        if (item.kind === 'directory' || item.kind === 'leaf') names.enter(item)
        yield { ...item, place: names.placeOf(item) }
      }
    },
  }
}

/** A directory on the way to where the walk is. */
interface Level {
  /** What its name has become. */
  name: Uint8Array
  /** What was given in it; keys are folded. */
  readonly given: Map<string, number>
}

function createNames(rules: NameRules) {
  /** From the target down. */
  const levels: Level[] = [{ name: new Uint8Array(0), given: new Map() }]
  return {
    /** Names come directory by directory, each once. */
    enter: ({ place }: PlanItem): void => {
      const name = place.at(-1)
      if (name === undefined) return
      levels.length = Math.min(levels.length, place.length)
      const { given } = levels[place.length - 1] ?? { given: new Map<string, number>() }
      levels.push({ name: freeName(heldName(name, rules), rules, given), given: new Map() })
    },
    placeOf: ({ place }: PlanItem): Place =>
      place.map((name, at) => levels[at + 1]?.name ?? heldName(name, rules)),
  }
}

function freeName(held: Uint8Array, rules: NameRules, given: Map<string, number>): Uint8Array {
  const key = nameKey(held, rules)
  const before = given.get(key) ?? 0
  given.set(key, before + 1)
  return before === 0 ? held : numberedName(held, before)
}
