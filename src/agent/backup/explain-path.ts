/** Whether a path is saved, and what decides: the way of the walk to this one path. */

import { systemCodeOf } from '../../base/errors.ts'
import { equalBytes } from '../../base/bytes.ts'
import { absolutePath, rootPath, splitPath, type PathBytes } from '../../model/path.ts'
import type { SelectionRule } from '../../policy/selection.ts'
import { lstatExact, type FileFacts } from '../source/facts.ts'
import { problemOf } from '../source/problem.ts'
import { isCacheTag } from './selector.ts'
import { childPlace } from './child-place.ts'
import type { Found, Place, Selector } from './walk-context.ts'

export type PathVerdict =
  | { readonly kind: 'saved'; readonly included: PathBytes }
  /** A directory that is kept, and nothing in it, or only its tag. */
  | { readonly kind: 'saved-empty'; readonly rule: SelectionRule }
  /** `at`: the path, or the directory above it, that the rule fits. */
  | { readonly kind: 'left-out'; readonly rule: SelectionRule; readonly at: PathBytes }
  | { readonly kind: 'not-included' }
  | { readonly kind: 'unreadable'; readonly at: PathBytes; readonly detail: string }

export function explainPath(
  selector: Selector,
  include: readonly PathBytes[],
  path: PathBytes,
): PathVerdict {
  const names = splitPath(path)
  const included = include
    .map((each) => splitPath(each))
    .filter((each) => each.every((name, at) => equalBytes(name, names[at] ?? rootPath)))
    .sort((a, b) => a.length - b.length)[0]
  if (included === undefined) return { kind: 'not-included' }
  try {
    return below(selector, included, names.slice(included.length))
  } catch (error) {
    if (systemCodeOf(error) === undefined) throw error
    return { kind: 'unreadable', at: path, detail: problemOf(error).detail }
  }
}

function below(
  selector: Selector,
  included: readonly Uint8Array[],
  names: readonly Uint8Array[],
): PathVerdict {
  let found = findIncluded(included)
  for (const name of names) {
    const emptied = selector.emptied(found)
    if (emptied !== undefined && !(emptied.kind === 'cache' && isCacheTag(name))) {
      return { kind: 'left-out', rule: emptied, at: found.place.path }
    }
    const ignores = selector.ignoresBelow(found.place)
    const place = childPlace({ ...found.place, ignores }, found.facts, name)
    const facts = lstatExact(place.path)
    const rule = selector.leavesOut(place, facts)
    if (rule !== undefined) return { kind: 'left-out', rule, at: place.path }
    found = { place, facts }
  }
  const rule = found.facts.kind === 'directory' ? selector.emptied(found) : undefined
  if (rule !== undefined) return { kind: 'saved-empty', rule }
  return { kind: 'saved', included: absolutePath(included) }
}

/** Rules begin below an include path. */
function findIncluded(included: readonly Uint8Array[]): Found {
  let place: Place = {
    ...{ path: rootPath, text: '', name: new Uint8Array(0) },
    ...{ parentDevice: undefined, ignores: [] },
  }
  let facts: FileFacts = lstatExact(place.path)
  for (const name of included) {
    place = childPlace(place, facts, name)
    facts = lstatExact(place.path)
  }
  return { place, facts }
}
