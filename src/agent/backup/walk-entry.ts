/** One thing on disk becomes an entry: taken over where nothing changed, read where something did, kept stale where it can not be read. */

import { equalBytes } from '../../base/bytes.ts'
import type { Entry, FileEntry } from '../../model/entry.ts'
import { encodeEntry } from '../../model/entry-codec.ts'
import { readLink } from '../source/read-link.ts'
import { commonFields } from './capture.ts'
import { isUnchanged } from './compare.ts'
import { contentOfEntry, fileEntryOf, type FileContent } from './hard-links.ts'
import { countEntry } from './entry-counts.ts'
import { keepStale, troubled } from './keep-stale.ts'
import { asOtherKind } from './look-again.ts'
import { takeOver } from './previous-tree.ts'
import { walkDirectory } from './walk-directory.ts'
import {
  laterStep,
  outcomes,
  type Found,
  type Step,
  type Walk,
  type Walked,
} from './walk-context.ts'

export async function walkEntry(
  walk: Walk,
  found: Found,
  previous: Entry | undefined,
): Promise<Step> {
  const { place, facts } = found
  await walk.breathe(place.text)
  const kept = facts.kind === 'directory' ? undefined : await unchangedEntry(walk, found, previous)
  if (kept !== undefined) {
    countEntry(walk.counts, kept)
    return { walked: { entry: kept, same: true } }
  }
  const refusal = walk.refusal?.(place.path)
  if (refusal !== undefined) {
    return { walked: await keepStale(walk, previous, { path: place.path, ...refusal }) }
  }
  if (facts.kind === 'directory') return walkDirectory(walk, found, { previous, enter: walkEntry })
  await walk.sink.open()
  await walk.contents.room()
  return laterStep(readCounted(walk, found, previous))
}

async function readCounted(
  walk: Walk,
  found: Found,
  previous: Entry | undefined,
): Promise<Walked | undefined> {
  try {
    const read = await readEntry(walk, found, previous)
    countEntry(walk.counts, read.entry)
    return read
  } catch (error) {
    const other = asOtherKind(found, error)
    if (other === undefined) return troubled(walk, found.place, { previous, error })
    const [walked] = await outcomes([await walkEntry(walk, other, previous)])
    return walked
  }
}

async function unchangedEntry(
  walk: Walk,
  { place, facts }: Found,
  entry: Entry | undefined,
): Promise<Entry | undefined> {
  const trust = walk.previous?.trust
  if (entry === undefined || trust?.reuse !== 'entries') return undefined
  const lastingInode = commonFields(walk, place, facts).inode
  if (!isUnchanged(entry, { ...facts, lastingInode }, trust)) return undefined
  if (!(await takeOver(walk, entry))) return undefined
  if (entry.type === 'file') await walk.carrier?.carry(place.path, entry)
  return entry
}

async function readEntry(walk: Walk, found: Found, previous: Entry | undefined): Promise<Walked> {
  const entry = await newEntry(walk, found, previous)
  const same = previous !== undefined && equalBytes(encodeEntry(entry), encodeEntry(previous))
  return { entry, same }
}

async function newEntry(
  walk: Walk,
  { place, facts }: Found,
  previous: Entry | undefined,
): Promise<Entry> {
  if (facts.kind === 'file') return newFile(walk, { place, facts }, previous)
  if (facts.kind === 'symlink') {
    // First, as it fails where there is no link any more: then there is something else to save.
    const link = readLink(place.path)
    const common = await commonOf(walk, { place, facts: link.facts ?? facts })
    return { ...common, type: 'symlink', target: link.target }
  }
  const common = await commonOf(walk, { place, facts })
  switch (facts.kind) {
    case 'block':
    case 'char':
      return { ...common, type: facts.kind, device: facts.device ?? { major: 0, minor: 0 } }
    case 'fifo':
    case 'socket':
      return { ...common, type: facts.kind }
    case 'directory':
      throw new Error('directories are walked')
  }
}

const commonOf = async (walk: Walk, { place, facts }: Found) => ({
  ...commonFields(walk, place, facts),
  ...(await walk.contents.attributes(walk, { place, facts })),
})

async function newFile(
  walk: Walk,
  { place, facts }: Found,
  previous: Entry | undefined,
): Promise<FileEntry> {
  const content = await reusedContent(walk, { place, facts }, previous)
  if (content !== undefined) {
    return fileEntryOf(await commonOf(walk, { place, facts }), content)
  }
  return walk.contents.read(walk, place, facts)
}

/** The content of a file that did not change, where its metadata has to be read anew. */
async function reusedContent(
  walk: Walk,
  { place, facts }: Found,
  previous: Entry | undefined,
): Promise<FileContent | undefined> {
  const trust = walk.previous?.trust
  if (previous?.type !== 'file' || trust === undefined) return undefined
  const lastingInode = commonFields(walk, place, facts).inode
  if (!isUnchanged(previous, { ...facts, lastingInode }, trust)) return undefined
  const bare = { ...previous, xattrs: undefined }
  if (!(await takeOver(walk, bare))) return undefined
  await walk.carrier?.carry(place.path, bare)
  return contentOfEntry(previous)
}
