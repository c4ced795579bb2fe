/** What happens where something can not be read: it is listed, and its previous state is kept, marked stale. */

import { systemCodeOf } from '../../base/errors.ts'
import type { Entry } from '../../model/entry.ts'
import { problemOf, type ReadProblem } from '../source/problem.ts'
import { addCounts, countEntry, noEntries, type EntryCounts } from './entry-counts.ts'
import { refuse } from './changes.ts'
import { takeOver, takeOverBelow } from './previous-tree.ts'
import type { Place, Walk, Walked } from './walk-context.ts'

/** Runs `work`; where the file vanished or can not be read, says so and keeps the previous state, marked stale. */
export async function attempt(
  walk: Walk,
  place: Place,
  previous: Entry | undefined,
  work: () => Promise<Walked>,
): Promise<Walked | undefined> {
  try {
    return await work()
  } catch (error) {
    return troubled(walk, place, { previous, error })
  }
}

/** What is kept of something that could not be read. Throws what is no trouble of the file. */
export async function troubled(
  walk: Walk,
  place: Place,
  { previous, error }: { readonly previous: Entry | undefined; readonly error: unknown },
): Promise<Walked | undefined> {
  if (systemCodeOf(error) === undefined) throw error
  return keepOrForget(walk, place.path, { previous, problem: problemOf(error) })
}

/** What vanished is listed and forgotten; what is there, and can not be read, stays as it was. */
export async function keepOrForget(
  walk: Walk,
  path: Uint8Array,
  { previous, problem }: { readonly previous: Entry | undefined; readonly problem: ReadProblem },
): Promise<Walked | undefined> {
  const { reason, detail } = problem
  if (reason === 'unreadable') return keepStale(walk, previous, { path, reason, detail })
  walk.leaveOut({ path, reason, detail, kept: 'nothing' })
  return undefined
}

export interface Failure {
  readonly path: Uint8Array
  readonly reason: 'unreadable' | 'unsupported' | 'missing-path' | 'empty-path'
  readonly detail: string
}

/** The previous state of what can not be read now, marked; undefined where there is none. Listed either way. */
export async function keepStale(
  walk: Walk,
  previous: Entry | undefined,
  failure: Failure,
): Promise<Walked | undefined> {
  refuse(walk.changes, 'unreadable')
  const kept = previous && (await takeOverWhole(walk, previous))
  walk.leaveOut({ ...failure, kept: kept === undefined ? 'nothing' : 'earlier' })
  if (previous === undefined || kept === undefined) return undefined
  addCounts(walk.counts, kept)
  const entry: Entry = { ...previous, flags: { ...previous.flags, stale: true } }
  return { entry, same: previous.flags.stale }
}

/** What was taken over; undefined if some of it is gone. */
async function takeOverWhole(walk: Walk, entry: Entry): Promise<EntryCounts | undefined> {
  if (!(await takeOver(walk, entry))) return undefined
  const counts = noEntries()
  countEntry(counts, entry)
  if (entry.type !== 'directory') return counts
  return (await takeOverBelow(walk, entry.tree, counts)) ? counts : undefined
}
