/** A plan of what patterns fit in a point, besides paths: what they fit is looked for first, so that nothing is begun for a pattern in vain. */

import { equalBytes } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import { createNamePattern } from '../../policy/name-pattern.ts'
import {
  planRestore,
  type ReadablePoint,
  type RestorePlan,
  type RestoreRequest,
  type UnreadableItem,
} from './plan.ts'
import type { Place } from './target/target.ts'

export interface PatternRequest extends RestoreRequest {
  /** As in .gitignore, read from the root of the machine, each by itself. A directory that fits is restored whole. */
  readonly patterns: readonly string[]
  readonly signal?: AbortSignal | undefined
}

/** @throws BackupError as `planRestore`; `not-found` for a pattern that fits nothing, `usage` for one that can not */
export async function planWithPatterns(
  point: ReadablePoint,
  request: PatternRequest,
): Promise<RestorePlan> {
  if (request.patterns.length === 0) return planRestore(point, request)
  const { places, unreadable } = await findFitting(point, request)
  const plan = await planRestore(point, { ...request, paths: [...request.paths, ...places] })
  return {
    items: async function* (options = {}) {
      yield* unreadable
      yield* plan.items(options)
    },
  }
}

interface Fitting {
  /** The outermost, in order. */
  readonly places: readonly Place[]
  /** Directories that might hold more of them; none that the plan comes by. */
  readonly unreadable: readonly UnreadableItem[]
}

async function findFitting(point: ReadablePoint, request: PatternRequest): Promise<Fitting> {
  const patterns = request.patterns.map((text) => ({ text, rule: createNamePattern(text) }))
  const vain = new Set(request.patterns)
  const places: Place[] = []
  const unreadable: UnreadableItem[] = []
  const everything = await planRestore(point, { paths: [], strip: false })
  for await (const item of everything.items({ signal: request.signal })) {
    if (item.kind === 'end' || item.path.length === 0) continue
    const last = places.at(-1) ?? item.path
    if (item.kind === 'unreadable') {
      if (!isAtOrBelow(item.path, last) && !isAtOrBelow(last, item.path)) unreadable.push(item)
      continue
    }
    const fits = patterns.filter(({ rule }) => rule.fits(item.path, item.kind === 'directory'))
    for (const { text } of fits) vain.delete(text)
    if (fits.length > 0 && !(places.length > 0 && isAtOrBelow(item.path, last))) {
      places.push(item.path)
    }
  }
  const [first] = vain
  if (first !== undefined) throw fitsNothing(first)
  return { places, unreadable }
}

const isAtOrBelow = (place: Place, above: Place): boolean =>
  place.length >= above.length && above.every((name, at) => equalBytes(name, place[at] ?? name))

const fitsNothing = (pattern: string): BackupError =>
  new BackupError('not-found', `Nothing in the recovery point fits ${pattern}.`, {
    hint: "Patterns are read from the root of the machine, as in .gitignore: '**/docs/*.txt' fits at any depth. Try one with: backup find PATTERN",
  })
