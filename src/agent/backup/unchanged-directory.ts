/**
 * A directory in which nothing changed, except perhaps inside directories in it: found so from the bytes of its previous
 * tree beside what the system lists, with nothing made for a file. Whatever is not clearly so is left to the ordinary way.
 */

import { systemCodeOf } from '../../base/errors.ts'
import type { DirectoryEntry, Entry } from '../../model/entry.ts'
import type { ChunkReference } from '../../model/ids.ts'
import { LeafSkimmer } from '../../model/leaf-skimmer.ts'
import { readLeafPages } from '../../model/tree-reader.ts'
import { reaching } from '../source/reach.ts'
import { systemCalls } from '../system/open.ts'
import type { OpenDirectory } from '../system/system-calls.ts'
import { childPlace } from './child-place.ts'
import { isUnusable } from './previous-tree.ts'
import { createSameEntry, isDirectory } from './same-entry.ts'
import { createTaken, type TakenDirectory } from './taken-entries.ts'
import type { Found, Place, PreviousPoint, Walk } from './walk-context.ts'

export interface UnchangedDirectory {
  /** In it, to be walked; ascending by name. */
  readonly directories: readonly TakenDirectory[]
  /** All pages of its tree. */
  readonly pages: readonly ChunkReference[]
  /** Those that hold entries, in order. */
  readonly leaves: readonly Uint8Array[]
}

/** Counts and notes what is taken over, but for the directories in it. Undefined where the directory has to be read. */
export async function unchangedDirectory(
  walk: Walk,
  found: Found,
  previous: Entry | undefined,
): Promise<UnchangedDirectory | undefined> {
  const point = walk.previous
  if (previous?.type !== 'directory' || point === undefined || !isLeanWalk(walk, point)) return
  if (walk.selector.emptied(found) !== undefined) return
  try {
    const listing = open(found.place)
    if (listing === undefined) return
    try {
      return await compare(walk, found, { point, previous, listing })
    } finally {
      listing.close()
    }
  } catch (error) {
    if (systemCodeOf(error) === undefined && !isUnusable(error)) throw error
    return undefined
  }
}

/** A first attempt that looks everywhere, by rules that ask for names alone. */
const isLeanWalk = (walk: Walk, { trust }: PreviousPoint): boolean =>
  walk.changes === undefined &&
  walk.isPlaced === undefined &&
  walk.carrier === undefined &&
  !walk.selector.looksAtFacts &&
  trust.reuse === 'entries' &&
  trust.beforeNs > 0n

function open({ path }: Place): OpenDirectory | undefined {
  const { openDirectory } = systemCalls()
  return openDirectory && reaching(path, openDirectory)
}

interface Compared {
  readonly point: PreviousPoint
  readonly previous: DirectoryEntry
  readonly listing: OpenDirectory
}

/** As many names are looked at before others get their turn. */
const atATime = 1024

async function compare(
  walk: Walk,
  found: Found,
  { point, previous, listing }: Compared,
): Promise<UnchangedDirectory | undefined> {
  const pages: ChunkReference[] = []
  const leaves = await readLeafPages(previous.tree, (reference) => {
    pages.push(reference)
    return point.load(reference, 2)
  })
  const inside = { ...found.place, ignores: walk.selector.ignoresBelow(found.place) }
  const directory = { place: inside, facts: found.facts }
  const inodesLast = walk.lastingInode(found.facts, inside.path) !== undefined
  const isSame = createSameEntry(point.trust, found.facts, inodesLast)
  const isLeftOut = leftOut(walk, directory, listing)
  const taken = createTaken(walk, directory)
  const entries = entriesOf(leaves)
  for (let index = 0; index < listing.starts.length; index++) {
    if (index % atATime === atATime - 1) await walk.breathe(inside.text)
    const facts = listing.lookAt(index)
    if (isLeftOut?.(index, isDirectory(facts))) continue
    const entry = entries()
    if (entry === undefined || !isNamed(listing, index, entry) || !isSame(entry, facts)) return
    taken.add(entry, facts)
  }
  if (entries() !== undefined) return
  const directories = await taken.finish()
  return directories && { directories, pages, leaves }
}

/** The next entry of all leaves, good until it is asked for another. */
function entriesOf(leaves: readonly Uint8Array[]): () => LeafSkimmer | undefined {
  let at = 0
  let leaf: LeafSkimmer | undefined
  return () => {
    while (!leaf?.next()) {
      const page = leaves[at++]
      if (page === undefined) return undefined
      leaf = new LeafSkimmer(page)
    }
    return leaf
  }
}

/** Undefined where no rule asks. */
function leftOut(
  { selector }: Walk,
  { place, facts }: Found,
  listing: OpenDirectory,
): ((index: number, isDirectory: boolean) => boolean) | undefined {
  if (!selector.asksNames(place)) return undefined
  return (index, directory) => {
    const child = childPlace(place, facts, nameAt(listing, index))
    return selector.leavesOutName(child, directory) !== undefined
  }
}

function nameAt({ names, starts }: OpenDirectory, index: number): Uint8Array {
  const start = starts[index] ?? 0
  return names.subarray(start, names.indexOf(0, start))
}

function isNamed({ names, starts }: OpenDirectory, index: number, entry: LeafSkimmer): boolean {
  const start = starts[index] ?? 0
  const { bytes, nameStart, nameEnd } = entry
  const length = nameEnd - nameStart
  for (let at = 0; at < length; at++) {
    if (names[start + at] !== bytes[nameStart + at]) return false
  }
  return names[start + length] === 0
}
