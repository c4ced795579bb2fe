/**
 * A run by the journal looks only where something may have changed. What it does not visit is taken from the previous
 * point as it is, so its counts begin with that point's, and what it visits is taken out of them before it is counted anew.
 */

import type { Entry } from '../../model/entry.ts'
import { readTreeLeaves } from '../../model/tree-reader.ts'
import { commonFields } from './capture.ts'
import type { Changes, Look } from './changed-directories.ts'
import { isUnchanged } from './compare.ts'
import type { Found, Walk } from './walk-context.ts'

const everything: Changes = { at: () => 'all' }

/** Why a run can not go by the journal after all. */
export type Misfit = 'unreadable' | 'hard-links'

/** Thrown by a run by the journal: it begins again, and looks everywhere. */
export class ScanNeeded extends Error {
  readonly reason: Misfit

  constructor(reason: Misfit) {
    super(`the journal does not do: ${reason}`)
    this.reason = reason
  }
}

/** Does nothing in a run that looks everywhere. @throws ScanNeeded */
export function refuse(changes: Changes | undefined, reason: Misfit): void {
  if (changes !== undefined) throw new ScanNeeded(reason)
}

/**
 * How much of the directory has to be looked at, and the walk for what is in it. The journal's word is doubted where the
 * directory itself is not as it was.
 */
export function lookAt(
  walk: Walk,
  found: Found,
  previous: Entry | undefined,
): { readonly look: Look; readonly inside: Walk } {
  const { changes } = walk
  if (changes === undefined) return { look: 'all', inside: walk }
  const look = trustedLook(walk, found, { previous, said: changes.at(found.place.path) })
  const isNarrow = look !== 'all' || changes === everything
  return { look, inside: isNarrow ? walk : { ...walk, changes: everything } }
}

function trustedLook(
  walk: Walk,
  { place, facts }: Found,
  { previous, said }: { readonly previous: Entry | undefined; readonly said: Look },
): Look {
  const trust = walk.previous?.trust
  if (previous?.type !== 'directory' || trust === undefined) return 'all'
  const { inode, flags } = commonFields(walk, place, facts)
  if (inode !== previous.inode || flags.mountPoint !== previous.flags.mountPoint) return 'all'
  if (said === 'all' || said === 'entries') return said
  return isUnchanged(previous, { ...facts, lastingInode: inode }, trust) ? said : 'entries'
}

/** A directory that is visited is counted again at its end. */
export function recount(walk: Walk, previous: Entry | undefined): void {
  if (walk.changes !== undefined && previous?.type === 'directory') walk.counts.directories--
}

/** What is visited is counted again; a directory where it is entered, see `recount`. */
export async function forgetVisited(
  walk: Walk,
  previous: Entry | undefined,
  isDirectory: boolean,
): Promise<void> {
  if (walk.changes === undefined || previous === undefined) return
  if (previous.type !== 'directory' || !isDirectory) await forget(walk, previous)
}

/** Takes an entry of the previous point, and what is below it, out of the counts. */
export async function forget(walk: Walk, entry: Entry): Promise<void> {
  const { counts, previous } = walk
  if (entry.type === 'file') {
    counts.files--
    counts.fileBytes -= entry.sizeBytes
  } else if (entry.type !== 'directory') counts.others--
  else {
    counts.directories--
    if (previous === undefined) return
    const leaves = readTreeLeaves(entry.tree, (page) => previous.load(page, 2))
    for await (const entries of leaves) for (const child of entries) await forget(walk, child)
  }
}

/** A file with several names can be written under one that nobody watches. @throws ScanNeeded */
export function noteLinks({ changes, counts }: Walk, found: readonly Pick<Found, 'facts'>[]): void {
  if (!found.some(({ facts }) => facts.kind !== 'directory' && facts.links > 1)) return
  refuse(changes, 'hard-links')
  counts.hasLinks = true
}
