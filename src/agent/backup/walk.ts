/** Walks the included paths of a source from the machine's root and makes the point's root entry. */

import { systemCodeOf, messageOf } from '../../base/errors.ts'
import type { DirectoryEntry, Entry } from '../../model/entry.ts'
import { rootPath } from '../../model/path.ts'
import { lstatExact } from '../source/facts.ts'
import { readDirectory } from '../source/read-directory.ts'
import { keepStale, type Failure } from './keep-stale.ts'
import type { SelectionNode } from './selection.ts'
import { walkEntry } from './walk-entry.ts'
import { forgetVisited, recount } from './changes.ts'
import { draftOf } from './directory-draft.ts'
import { childPlace } from './child-place.ts'
import { finishLater, previousDirectory, visitedDirectory } from './walk-directory.ts'
import {
  laterStep,
  outcomes,
  type Found,
  type Place,
  type Step,
  type Walk,
  type Walked,
} from './walk-context.ts'

export interface WalkedPoint {
  readonly root: DirectoryEntry
  /** Nothing differs from the previous point. */
  readonly same: boolean
}

/** Undefined when not even the root could be made: nothing was readable. */
export async function walkSelection(
  walk: Walk,
  selection: SelectionNode,
  previousRoot: DirectoryEntry | undefined,
): Promise<WalkedPoint | undefined> {
  const { name } = selection
  const place: Place = { path: rootPath, text: '', name, parentDevice: undefined, ignores: [] }
  const [walked] = await outcomes([await walkNode(walk, { node: selection, place }, previousRoot)])
  if (walked?.entry.type !== 'directory') return undefined
  return { root: walked.entry, same: walked.same }
}

interface Selected {
  readonly node: SelectionNode
  readonly place: Place
}

async function walkNode(
  walk: Walk,
  { node, place }: Selected,
  previous: Entry | undefined,
): Promise<Step> {
  const found = look(place)
  if ('detail' in found) {
    return { walked: await missing(walk, { node, place }, { previous, failure: found }) }
  }
  return node.whole
    ? walkIncluded(walk, found, previous)
    : walkPartly(walk, { node, found }, previous)
}

const look = (place: Place): Found | Failure => {
  try {
    return { place, facts: lstatExact(place.path) }
  } catch (error) {
    const code = systemCodeOf(error)
    const reason = code === 'ENOENT' || code === 'ENOTDIR' ? 'missing-path' : 'unreadable'
    return { path: place.path, reason, detail: messageOf(error) }
  }
}

const isDirectoryAt = (place: Place): boolean => {
  const found = look(place)
  return 'facts' in found && found.facts.kind === 'directory'
}

/** An include path that is not there, or a directory above some: the last state stays in the point. */
async function missing(
  walk: Walk,
  { node, place }: Selected,
  { previous, failure }: { readonly previous: Entry | undefined; readonly failure: Failure },
): Promise<Walked | undefined> {
  if (node.whole || previous !== undefined) return keepStale(walk, previous, failure)
  for (const child of node.children) {
    const childFailure = { ...failure, path: childPlace(place, undefined, child.name).path }
    await missing(
      walk,
      { node: child, place: childPlace(place, undefined, child.name) },
      { previous: undefined, failure: childFailure },
    )
  }
  return undefined
}

async function walkIncluded(walk: Walk, found: Found, previous: Entry | undefined): Promise<Step> {
  const { path } = found.place
  if (await isEmptied(walk, found, previous)) {
    const detail = 'It is empty, but was not at the last recovery point: is a disk not mounted?'
    return { walked: await keepStale(walk, previous, { path, reason: 'empty-path', detail }) }
  }
  return laterStep(readable(walk, await walkEntry(walk, found, previous)))
}

async function readable(walk: Walk, step: Step): Promise<Walked | undefined> {
  const [walked] = await outcomes([step])
  if (walked !== undefined && !walked.entry.flags.stale) walk.counts.readablePaths++
  return walked
}

/** An empty directory that had entries looks like a disk that is not mounted. */
async function isEmptied(walk: Walk, found: Found, previous: Entry | undefined): Promise<boolean> {
  if (found.facts.kind !== 'directory' || previous?.type !== 'directory') return false
  const look = walk.changes?.at(found.place.path)
  if (look === 'nothing' || look === 'below') return false
  if (!isEmptyNow(found.place)) return false
  const before = await previousDirectory(walk, previous).finish()
  return !before.allFound && before.pages.length > 0
}

function isEmptyNow(place: Place): boolean {
  try {
    for (const _ of readDirectory(place.path)) return false
    return true
  } catch {
    return false
  }
}

/** A directory that only leads to included paths. */
async function walkPartly(
  walk: Walk,
  { node, found }: { readonly node: SelectionNode; readonly found: Found },
  previous: Entry | undefined,
): Promise<Step> {
  recount(walk, previous)
  const before = visitedDirectory(walk, previous)
  const steps: Step[] = []
  for (const child of node.children) {
    const place = childPlace(found.place, found.facts, child.name)
    const previousChild = await before.find(child.name)
    await forgetVisited(walk, previousChild, walk.changes !== undefined && isDirectoryAt(place))
    steps.push(await walkNode(walk, { node: child, place }, previousChild))
  }
  return finishLater(walk, found, { previous, before, draft: await draftOf(walk, steps) })
}
