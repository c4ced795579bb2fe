/**
 * The pages of trees and file maps of the newest point that this machine walked, so that a run need not fetch them. Disposable:
 * what is missing, damaged or of another time is fetched from the vault, and the point comes out the same. Pages are found by
 * their ids, and an id is recomputed before a page is used.
 *
 * A run that finds little changed adds a small file of pages; now and then, and where there was no cache, it writes all anew.
 */

import { renameSync, rmSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createByteCache } from '../../base/byte-cache.ts'
import { toHex, type RandomBytes } from '../../base/bytes.ts'
import { messageOf, systemCodeOf } from '../../base/errors.ts'
import { syncDirectory } from '../../base/files.ts'
import { chunkId } from '../../crypto/chunk-id.ts'
import type { RepositoryKeys } from '../../crypto/keys.ts'
import { idBytes, type ChunkId, type ChunkReference, type RecordHash } from '../../model/ids.ts'
import type { Manifest } from '../../model/manifest.ts'
import type { ChunkType } from '../../model/pack.ts'
import { loadHead, saveHead, type CacheHead } from './head.ts'
import { createPageFile, type PageFileWriter } from './page-file.ts'
import { openPageFile, type PageLookup } from './page-lookup.ts'

export interface SourceCache {
  /** The manifest of that point, where it is the one that the cache belongs to. */
  manifestOf(point: RecordHash): Manifest | undefined
  /** Begins an attempt: forgets what an earlier one has noted. One that walks only a part adds to what there is. */
  begin(isPartial?: boolean): void
  /** It is of that point, and all its files are at hand. */
  isWhole(point: RecordHash): boolean
  /** A page that the point uses: out of the cache, or else fetched. */
  load(reference: ChunkReference, type: ChunkType, fetch: FetchPage): Promise<Uint8Array>
  /** A page that this attempt has made. */
  add(id: ChunkId, page: Uint8Array): void
  /** From now on the cache belongs to that point. To be called when it is committed; never throws. */
  commit(point: RecordHash, manifest: Manifest): Promise<void>
  /** Lets go of everything; what was not committed is gone. */
  close(): void
}

export type FetchPage = (reference: ChunkReference, type: ChunkType) => Promise<Uint8Array>

export interface SourceCacheOptions {
  /** Of this source alone. */
  readonly directory: string
  readonly keys: RepositoryKeys
  readonly random: RandomBytes
  /** A run that only looks. */
  readonly isReadOnly: boolean
  /** Told when the cache is of no use, or can not be written. */
  readonly say: (message: string) => void
}

/** A cache of more files, or with more that is of earlier points, is written anew. */
const mostFiles = 8
const mostUnusedShare = 0.5
const littleBytes = 4 * 1024 * 1024
/** What is kept of opened blocks. */
const openedBytes = 24 * 1024 * 1024
const lastIds = 1024

export async function openSourceCache(options: SourceCacheOptions): Promise<SourceCache> {
  const { directory, keys, random, say } = options
  const at = (name: string) => join(directory, name)
  const opened = createByteCache<Uint8Array>(openedBytes)
  const lookups = new Map<string, PageLookup>()
  let head = await readHead(options)
  await removeStrays(directory, head)

  const giveUp = (why: string, error: unknown) => {
    say(`${why}: ${messageOf(error)} ${fetchedThen}`)
  }
  for (const { name } of head?.files ?? []) {
    try {
      lookups.set(name, openPageFile(at(name), keys, opened))
    } catch (error) {
      giveUp('A file of the cache can not be used', error)
    }
  }
  const isComplete = () => head !== undefined && lookups.size === head.files.length
  const find = (id: ChunkId, type: ChunkType): Uint8Array | undefined => {
    const bytes = idBytes(id)
    for (const [name, lookup] of [...lookups].reverse()) {
      try {
        const page = lookup.find(bytes)
        if (page !== undefined && chunkId(keys, type, page) === id) return page.slice()
      } catch (error) {
        lookup.close()
        lookups.delete(name)
        giveUp('The cache is damaged', error)
      }
    }
    return undefined
  }

  let draft: Draft | undefined
  const note = (id: ChunkId, page: Uint8Array, isKept: boolean) => {
    try {
      draft?.note(id, page, isKept)
    } catch (error) {
      draft?.drop()
      draft = undefined
      say(`The cache can not be written (${messageOf(error)}).`)
    }
  }
  return {
    manifestOf: (point) => {
      if (head?.point === point) return head.manifest
      if (head !== undefined) say(`The cache is of another recovery point. ${fetchedThen}`)
      return undefined
    },
    isWhole: (point) => head?.point === point && isComplete() && head.files.length < mostFiles * 4,
    begin: (isPartial = false) => {
      draft?.drop()
      if (options.isReadOnly) return
      const isFresh = !isPartial && (!isComplete() || isWorn(head))
      draft = createDraft({ directory, keys, random, isFresh, isPartial })
    },
    load: async (reference, type, fetch) => {
      const kept = find(reference.id, type)
      const page = kept ?? (await fetch(reference, type))
      note(reference.id, page, kept !== undefined)
      return page
    },
    add: (id, page) => {
      note(id, page, false)
    },
    commit: async (point, manifest) => {
      if (draft === undefined) return
      try {
        const { file, isFresh, isPartial, usedBytes } = draft.finish()
        draft = undefined
        const files = [...(isFresh ? [] : (head?.files ?? [])), ...file]
        const earlierBytes = isPartial ? (head?.usedBytes ?? 0) : 0
        const next: CacheHead = { point, manifest, files, usedBytes: earlierBytes + usedBytes }
        if (file.length > 0) await syncDirectory(directory)
        await saveHead(at(headName), next, { keys, random })
        head = next
        await removeStrays(directory, head)
      } catch (error) {
        say(`The cache can not be written (${messageOf(error)}).`)
      }
    },
    close: () => {
      draft?.drop()
      draft = undefined
      for (const lookup of lookups.values()) lookup.close()
      lookups.clear()
    },
  }
}

const headName = 'head'
const fetchedThen = 'What it lacks is read from the vault.'

async function readHead({
  directory,
  keys,
  say,
}: SourceCacheOptions): Promise<CacheHead | undefined> {
  try {
    const head = await loadHead(join(directory, headName), keys)
    if (head === undefined) say(`There is no cache yet. ${fetchedThen}`)
    return head
  } catch (error) {
    say(`The cache can not be used: ${messageOf(error)} ${fetchedThen}`)
    return undefined
  }
}

/** What no head names: of runs that did not come to their end, or of earlier points. */
async function removeStrays(directory: string, head: CacheHead | undefined): Promise<void> {
  const named = new Set(head?.files.map(({ name }) => name))
  for (const name of await namesIn(directory)) {
    if (name !== headName && !named.has(name)) removeQuietly(join(directory, name))
  }
}

/** What stays behind is tried again by the next run. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch (error) {
    if (systemCodeOf(error) === undefined) throw error
  }
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (systemCodeOf(error) !== undefined) return []
    throw error
  }
}

function isWorn(head: CacheHead | undefined): boolean {
  if (head === undefined) return true
  const pageBytes = head.files.reduce((sum, file) => sum + file.pageBytes, 0)
  const unusedBytes = pageBytes - head.usedBytes
  return head.files.length >= mostFiles || unusedBytes > littleBytes + pageBytes * mostUnusedShare
}

interface DraftOptions {
  readonly directory: string
  readonly keys: RepositoryKeys
  readonly random: RandomBytes
  /** All pages are written, also those that earlier files hold. */
  readonly isFresh: boolean
  /** Pages of earlier files that are not asked for are used all the same. */
  readonly isPartial: boolean
}

type Draft = ReturnType<typeof createDraft>

/** What one attempt adds: a file under a temporary name, begun with the first page. */
function createDraft({ directory, keys, random, isFresh, isPartial }: DraftOptions) {
  const name = `pages-${toHex(random(16))}`
  const temporary = join(directory, `.tmp-${name}`)
  let writer: PageFileWriter | undefined
  let recent = new Set<ChunkId>()
  let pageBytes = 0
  let usedBytes = 0

  return {
    note: (id: ChunkId, page: Uint8Array, isKept: boolean) => {
      if (recent.has(id)) return
      if (recent.size >= lastIds) recent = new Set()
      recent.add(id)
      if (!isKept || !isPartial) usedBytes += page.length
      if (isKept && !isFresh) return
      writer ??= createPageFile(temporary, { keys, random })
      writer.add(id, page)
      pageBytes += page.length
    },
    finish: () => {
      const facts = { isFresh, isPartial, usedBytes }
      if (writer === undefined) return { file: [], ...facts }
      writer.finish()
      renameSync(temporary, join(directory, name))
      return { file: [{ name, pageBytes }], ...facts }
    },
    drop: () => {
      writer?.close()
      removeQuietly(temporary)
    },
  }
}
