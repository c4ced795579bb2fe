/** A directory in which nothing changed, above one in which something did: its entries are the previous ones. */

import { systemCodeOf } from '../../base/errors.ts'
import type { Entry } from '../../model/entry.ts'
import { lstatExact } from '../source/facts.ts'
import type { PreviousDirectory } from './previous-tree.ts'
import { childPlace } from './child-place.ts'
import type { Found, Place, Walk } from './walk-context.ts'

export interface Below {
  readonly entry: Entry
  /** Where something changed in it or below. */
  readonly found: Found | undefined
}

/** All entries, in order; undefined where one that has to be entered is not there: the directory has to be read. */
export async function entriesAbove(
  walk: Walk,
  found: Found,
  before: PreviousDirectory,
): Promise<readonly Below[] | undefined> {
  const place = { ...found.place, ignores: walk.selector.ignoresBelow(found.place) }
  const entries: Below[] = []
  for (let entry = await before.next(); entry !== undefined; entry = await before.next()) {
    const child = childPlace(place, found.facts, entry.name)
    const isChanged = entry.type === 'directory' && walk.changes?.at(child.path) !== 'nothing'
    const changed = isChanged ? directoryAt(child) : undefined
    if (isChanged && changed === undefined) return undefined
    entries.push({ entry, found: changed })
  }
  return entries
}

function directoryAt(place: Place): Found | undefined {
  try {
    const facts = lstatExact(place.path)
    return facts.kind === 'directory' ? { place, facts } : undefined
  } catch (error) {
    if (systemCodeOf(error) === undefined) throw error
    return undefined
  }
}
