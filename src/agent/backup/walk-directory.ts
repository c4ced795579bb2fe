/** A directory beside its previous tree: taken over by its id where nothing below changed. */

import { compareBytes, equalBytes } from '../../base/bytes.ts'
import { encodeEntry } from '../../model/entry-codec.ts'
import type { DirectoryEntry, Entry } from '../../model/entry.ts'
import type { ChunkId, ChunkReference } from '../../model/ids.ts'
import { decodeTreePage } from '../../model/tree-page.ts'
import { readDirectory, type DirectoryListing } from '../source/read-directory.ts'
import type { ReadProblem } from '../source/problem.ts'
import { commonFields } from './capture.ts'
import { forget, forgetVisited, lookAt, noteLinks, recount } from './changes.ts'
import { childPlace } from './child-place.ts'
import { isUnchanged } from './compare.ts'
import {
  noPreviousDirectory,
  openPreviousDirectory,
  takeOver,
  type PreviousDirectory,
} from './previous-tree.ts'
import { isCacheTag } from './selector.ts'
import { asOtherKind } from './look-again.ts'
import { unchangedDirectory } from './unchanged-directory.ts'
import { attempt, keepOrForget, troubled } from './keep-stale.ts'
import { createDraft, draftOf, type DirectoryDraft } from './directory-draft.ts'
import { entriesAbove } from './walk-below.ts'
import {
  laterStep,
  type Found,
  type Place,
  type Step,
  type Walk,
  type Walked,
} from './walk-context.ts'

/** Makes an entry of a child: `walkEntry`, handed in because it calls this in turn. */
export type Enter = (walk: Walk, found: Found, previous: Entry | undefined) => Promise<Step>

/** Steps through the directory and all below it; its own entry follows when its children's are there. */
export async function walkDirectory(
  walk: Walk,
  found: Found,
  { previous, enter }: Entering,
): Promise<Step> {
  const { look, inside } = lookAt(walk, found, previous)
  if (look === 'nothing' && previous !== undefined) {
    return { walked: { entry: previous, same: true } }
  }
  const entering = { previous, enter }
  const lean =
    look === 'below'
      ? await walkBelow(walk, found, entering)
      : await walkUnchanged(inside, found, entering)
  return lean ?? readAndWalk(inside, found, entering)
}

interface Entering {
  readonly previous: Entry | undefined
  readonly enter: Enter
}

/** Enters only what leads to a change; undefined where the directory has to be read after all. */
async function walkBelow(
  walk: Walk,
  found: Found,
  { previous, enter }: Entering,
): Promise<Step | undefined> {
  const before = previousDirectory(walk, previous)
  const entries = await entriesAbove(walk, found, before)
  if (entries === undefined) return undefined
  recount(walk, previous)
  const draft = createDraft(walk)
  for (const { entry, found: child } of entries) {
    await draft.add(
      child === undefined ? { walked: { entry, same: true } } : await enter(walk, child, entry),
    )
  }
  return finishLater(walk, found, { previous, before, draft })
}

/** Enters only the directories in it; undefined where the directory has to be read. */
async function walkUnchanged(
  walk: Walk,
  found: Found,
  { previous, enter }: Entering,
): Promise<Step | undefined> {
  const unchanged = await unchangedDirectory(walk, found, previous)
  if (unchanged === undefined) return undefined
  const { directories, pages, leaves } = unchanged
  const steps: Step[] = []
  for (const { found: child, entry } of directories) steps.push(await enter(walk, child, entry))
  const before = { finish: () => Promise.resolve({ allFound: true, pages }) }
  const isSame = steps.every((step) => 'walked' in step && step.walked?.same)
  const draft = await draftOf(walk, isSame ? steps : withFiles(leaves, steps))
  return finishLater(walk, found, { previous, before, draft })
}

/** The steps of all entries, where those of the directories among them are made. */
function* withFiles(leaves: readonly Uint8Array[], steps: readonly Step[]): Iterable<Step> {
  let directories = 0
  for (const leaf of leaves) {
    const page = decodeTreePage(leaf)
    for (const entry of 'entries' in page ? page.entries : []) {
      const step = entry.type === 'directory' ? steps[directories++] : undefined
      yield step ?? { walked: { entry, same: true } }
    }
  }
}

async function readAndWalk(walk: Walk, found: Found, { previous, enter }: Entering): Promise<Step> {
  const { place } = found
  let children: Iterable<Child>
  try {
    children = childrenOf(walk, found)
  } catch (error) {
    const other = asOtherKind(found, error)
    if (other !== undefined) return enter(walk, other, previous)
    return { walked: await troubled(walk, place, { previous, error }) }
  }
  recount(walk, previous)
  const before = visitedDirectory(walk, previous)
  const draft = createDraft(walk)
  for (const child of children) {
    const previousChild = await before.find(child.place.name)
    const isDirectory = 'facts' in child && child.facts.kind === 'directory'
    await forgetVisited(walk, previousChild, isDirectory)
    await draft.add(
      'facts' in child
        ? await enter(walk, child, previousChild)
        : { walked: await unseen(walk, child, previousChild) },
    )
  }
  return finishLater(walk, found, { previous, before, draft })
}

/** A name that was listed; `problem` where it could not be looked at. */
type Child = Found | Unseen

interface Unseen {
  readonly place: Place
  readonly problem: ReadProblem
}

const unseen = (walk: Walk, { place, problem }: Unseen, previous: Entry | undefined) =>
  keepOrForget(walk, place.path, { previous, problem })

/** At once where nothing is awaited: in a run without changes the walk holds on to nothing. */
export async function finishLater(walk: Walk, found: Found, gathered: Gathered): Promise<Step> {
  const finish = () =>
    attempt(walk, found.place, gathered.previous, () => finishDirectory(walk, found, gathered))
  return gathered.draft.isPending ? laterStep(finish()) : { walked: await finish() }
}

export const previousDirectory = (walk: Walk, entry: Entry | undefined): PreviousDirectory =>
  entry?.type === 'directory' && walk.previous !== undefined
    ? openPreviousDirectory(entry.tree, walk.previous)
    : noPreviousDirectory

/** A directory whose entries are all asked for: what is not goes out of the counts. */
export const visitedDirectory = (walk: Walk, entry: Entry | undefined): PreviousDirectory =>
  walk.changes === undefined || entry?.type !== 'directory' || walk.previous === undefined
    ? previousDirectory(walk, entry)
    : openPreviousDirectory(entry.tree, walk.previous, (gone) => forget(walk, gone))

/** What a directory holds, without what the rules leave out, ascending by name; looked at as it is asked for. */
function childrenOf(walk: Walk, found: Found): Iterable<Child> {
  const { selector } = walk
  const emptied = selector.emptied(found)
  if (emptied !== undefined && emptied.kind !== 'cache') return []
  const listings = readDirectory(found.place.path)
  const place = { ...found.place, ignores: selector.ignoresBelow(found.place) }
  const directory = { place, facts: found.facts }
  return emptied === undefined
    ? selected(walk, directory, listings)
    : onlyTag(selected(walk, directory, listings))
}

function* onlyTag(children: Iterable<Child>): Iterable<Child> {
  for (const child of children) if ('facts' in child && isCacheTag(child.place.name)) yield child
}

function* selected(
  walk: Walk,
  { place, facts: above }: Found,
  listings: Iterable<DirectoryListing>,
): Iterable<Child> {
  const { selector } = walk
  for (const { entries, failures } of listings) {
    const seen = entries
      .map(({ name, facts }) => ({ place: childPlace(place, above, name), facts }))
      .filter((child) => selector.leavesOut(child.place, child.facts) === undefined)
    noteLinks(walk, seen)
    const unseen = failures
      .map((problem) => ({ place: childPlace(place, above, problem.name), problem }))
      .filter((child) => selector.leavesOut(child.place, undefined) === undefined)
    if (unseen.length === 0) yield* seen
    else yield* [...seen, ...unseen].sort((a, b) => compareBytes(a.place.name, b.place.name))
  }
}

interface Gathered {
  readonly previous: Entry | undefined
  readonly before: Pick<PreviousDirectory, 'finish'>
  readonly draft: DirectoryDraft
}

/** The directory's own entry, over the tree of what was walked. */
async function finishDirectory(
  walk: Walk,
  found: Found,
  { previous, before, draft }: Gathered,
): Promise<Walked> {
  const settled = await draft.settle()
  walk.counts.directories++
  const { allFound, pages } = await before.finish()
  const untouched = allFound && settled.same
  const placed = untouched && pages.every(({ id }) => staysWhereItIs(walk, id))
  if (placed) for (const { id } of pages) walk.note(id)
  const isKept = placed && previous?.type === 'directory'
  const tree = isKept ? previous.tree : await settled.tree()
  return directoryEntry(walk, found, { previous, tree })
}

/** In a repeated walk the vault may have lost it; else only packs are left that are to be emptied. */
const staysWhereItIs = ({ isPlaced, carrier }: Walk, id: ChunkId): boolean =>
  (isPlaced?.(id) ?? true) && carrier?.isWanted(id) !== true

async function directoryEntry(
  walk: Walk,
  { place, facts }: Found,
  { previous, tree }: { readonly previous: Entry | undefined; readonly tree: ChunkReference },
): Promise<Walked> {
  const common = commonFields(walk, place, facts)
  const trust = walk.previous?.trust
  const sameTree = previous?.type === 'directory' && previous.tree.id === tree.id
  if (
    sameTree &&
    trust?.reuse === 'entries' &&
    previous.flags.mountPoint === common.flags.mountPoint &&
    isUnchanged(previous, { ...facts, lastingInode: common.inode }, trust) &&
    (await takeOver(walk, previous))
  ) {
    return { entry: previous, same: true }
  }
  await walk.sink.open()
  const entry: DirectoryEntry = {
    ...common,
    ...(await walk.contents.attributes(walk, { place, facts })),
    links: undefined,
    type: 'directory',
    tree,
  }
  const same =
    sameTree && place.name.length > 0 && equalBytes(encodeEntry(entry), encodeEntry(previous))
  return { entry, same }
}
