/** What could not be read may be something else by now: a FIFO where a file was, a link where a directory was. */

import { systemCodeOf } from '../../base/errors.ts'
import { lstatExact, type FileFacts } from '../source/facts.ts'
import type { Found } from './walk-context.ts'

/** What changes its kind more often than that is left to its trouble. */
const mostTurns = 3

/** What lies there now, if it is of another kind than what was found; undefined where the error has another cause. */
export function asOtherKind(found: Found, error: unknown): Found | undefined {
  const turns = (found.turns ?? 0) + 1
  if (systemCodeOf(error) === undefined || turns > mostTurns) return undefined
  const facts = factsNow(found)
  if (facts === undefined || facts.kind === found.facts.kind) return undefined
  return { place: found.place, facts, turns }
}

function factsNow({ place }: Found): FileFacts | undefined {
  try {
    return lstatExact(place.path)
  } catch {
    return undefined
  }
}
