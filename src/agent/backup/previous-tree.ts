/** The previous point's entries of one directory, looked up in the order of the walk, and what a taken-over entry uses. */

import { BackupError } from '../../base/errors.ts'
import { compareBytes } from '../../base/bytes.ts'
import type { Entry } from '../../model/entry.ts'
import { readFileMap } from '../../model/file-map.ts'
import type { ChunkReference } from '../../model/ids.ts'
import { readTreeLeaves } from '../../model/tree-reader.ts'
import { countEntry, type EntryCounts } from './entry-counts.ts'
import type { PreviousPoint, Walk } from './walk-context.ts'

export interface PreviousDirectory {
  /** The entry of that name. Names have to be asked for in ascending order. */
  find(name: Uint8Array): Promise<Entry | undefined>
  /** The next one that was not passed yet. */
  next(): Promise<Entry | undefined>
  /** Reads to the end: whether every entry was asked for, and the references of all pages. */
  finish(): Promise<{ readonly allFound: boolean; readonly pages: readonly ChunkReference[] }>
}

export const noPreviousDirectory: PreviousDirectory = {
  find: () => Promise.resolve(undefined),
  next: () => Promise.resolve(undefined),
  finish: () => Promise.resolve({ allFound: false, pages: [] }),
}

/** `onGone` is told of each entry that was not asked for; with it, a page that can not be read is an error. */
export function openPreviousDirectory(
  tree: ChunkReference,
  previous: PreviousPoint,
  onGone?: (entry: Entry) => Promise<void>,
): PreviousDirectory {
  const pages: ChunkReference[] = []
  const leaves = readTreeLeaves(tree, (reference) => {
    pages.push(reference)
    return previous.load(reference, 2)
  })
  let leaf: readonly Entry[] = []
  let at = 0
  let allFound = true
  let broken = false

  /** The next entry that was not passed yet. */
  const peek = async (): Promise<Entry | undefined> => {
    while (at >= leaf.length) {
      const next = await leaves.next()
      if (next.done) return undefined
      leaf = next.value
      at = 0
    }
    return leaf[at]
  }
  const find = async (name: Uint8Array): Promise<Entry | undefined> => {
    for (let entry = await peek(); entry !== undefined; entry = await peek()) {
      const order = compareBytes(entry.name, name)
      if (order > 0) return undefined
      at++
      if (order === 0) return entry
      allFound = false
      await onGone?.(entry)
    }
    return undefined
  }
  /** A page that can not be read is as good as none: the directory is read as if it were new. */
  const orNothing = async <T>(work: () => Promise<T>, nothing: T): Promise<T> => {
    if (broken) return nothing
    try {
      return await work()
    } catch (error) {
      if (!isUnusable(error) || onGone !== undefined) throw error
      broken = true
      return nothing
    }
  }
  return {
    find: (name) => orNothing(() => find(name), undefined),
    next: async () => {
      const entry = await peek()
      at++
      return entry
    },
    finish: () =>
      orNothing(
        async () => {
          for (let entry = await peek(); entry !== undefined; entry = await peek()) {
            allFound = false
            if (onGone === undefined) break
            at++
            await onGone(entry)
          }
          return { allFound, pages }
        },
        { allFound: false, pages: [] },
      ),
  }
}

/** Damage and loss end where the data is read anew; a vault out of reach does not. */
export const isUnusable = (error: unknown): boolean =>
  error instanceof BackupError &&
  ['damaged', 'malformed', 'missing-data', 'not-found', 'epoch-closed'].includes(error.code)

/** Every chunk that an entry uses itself: content, pages of its file map, large attributes. Not what lies below a directory. */
export async function* chunksOfEntry(
  entry: Entry,
  load: PreviousPoint['load'],
): AsyncGenerator<ChunkReference, void, undefined> {
  for (const attribute of entry.xattrs ?? []) {
    if ('content' in attribute) yield* attribute.content
  }
  if (entry.type !== 'file') return
  if (entry.content !== undefined) yield* entry.content
  if (entry.map === undefined) return
  const pages: ChunkReference[] = []
  yield* readFileMap({ map: entry.map, sizeBytes: entry.sizeBytes }, (page) => {
    pages.push(page)
    return load(page, 3)
  })
  yield* pages
}

/** The same where all of them are in the entry; undefined where pages have to be read. */
export const simpleChunksOf = (entry: Entry): readonly ChunkReference[] | undefined => {
  if (entry.xattrs !== undefined) return undefined
  if (entry.type !== 'file') return []
  return entry.map === undefined ? (entry.content ?? []) : undefined
}

/** Notes what an entry uses, where it is taken over. False (a repeated walk only) if a chunk of it is gone. */
export async function takeOver(walk: Walk, entry: Entry): Promise<boolean> {
  const chunks = await chunksTakenOver(walk, entry)
  if (chunks === undefined) return false
  if (walk.isPlaced !== undefined && !chunks.every(({ id }) => walk.isPlaced?.(id))) return false
  for (const { id } of chunks) walk.note(id)
  return true
}

/** What an entry uses; undefined where it can not be read. */
export async function chunksTakenOver(
  { previous }: Walk,
  entry: Entry,
): Promise<readonly ChunkReference[] | undefined> {
  if (previous === undefined) return undefined
  return simpleChunksOf(entry) ?? collect(chunksOfEntry(entry, previous.load))
}

async function collect(
  chunks: AsyncGenerator<ChunkReference, void, undefined>,
): Promise<readonly ChunkReference[] | undefined> {
  const found: ChunkReference[] = []
  try {
    for await (const chunk of chunks) found.push(chunk)
    return found
  } catch (error) {
    if (isUnusable(error)) return undefined
    throw error
  }
}

/** Takes over, and counts, everything below a directory that can not be read now. False if some of it is gone. */
export async function takeOverBelow(
  walk: Walk,
  tree: ChunkReference,
  counts: EntryCounts,
): Promise<boolean> {
  const { previous } = walk
  if (previous === undefined) return false
  const pages: ChunkReference[] = []
  const leaves = readTreeLeaves(tree, (page) => {
    pages.push(page)
    return previous.load(page, 2)
  })
  try {
    for await (const entries of leaves) {
      for (const entry of entries) {
        if (!(await takeOver(walk, entry))) return false
        countEntry(counts, entry)
        if (entry.type !== 'directory') continue
        if (!(await takeOverBelow(walk, entry.tree, counts))) return false
      }
    }
  } catch (error) {
    if (isUnusable(error)) return false
    throw error
  }
  if (walk.isPlaced !== undefined && !pages.every(({ id }) => walk.isPlaced?.(id))) return false
  for (const { id } of pages) walk.note(id)
  return true
}
