/** Walks a folder as a run does, into a store of chunks in memory: what a point would hold, without a vault. */

import { expect } from 'vitest'
import { systemRandom } from '../../src/base/bytes.ts'
import type { Changes } from '../../src/agent/backup/changed-directories.ts'
import { noEntries } from '../../src/agent/backup/entry-counts.ts'
import { createContentReader } from '../../src/agent/backup/read-content.ts'
import { walkEntry } from '../../src/agent/backup/walk-entry.ts'
import {
  outcomes,
  type PreviousPoint,
  type Walk,
  type WalkCounts,
} from '../../src/agent/backup/walk-context.ts'
import type { SourceCache } from '../../src/agent/cache/source-cache.ts'
import { createInFlight } from '../../src/agent/contents/in-flight.ts'
import { startInline } from '../../src/agent/contents/lane.ts'
import { createContentPool } from '../../src/agent/contents/pool.ts'
import { lstatExact } from '../../src/agent/source/facts.ts'
import { createLastingInode } from '../../src/agent/source/lasting-inode.ts'
import { chunkId, splitHash } from '../../src/crypto/chunk-id.ts'
import { deriveKeys } from '../../src/crypto/keys.ts'
import type { DirectoryEntry } from '../../src/model/entry.ts'
import { decodeChunkReferences, type ChunkId, type ChunkReference } from '../../src/model/ids.ts'
import { maxChunkBytes } from '../../src/model/limits.ts'
import type { Manifest } from '../../src/model/manifest.ts'
import { createSelector } from '../../src/agent/backup/selector.ts'
import { defaultSelection } from '../../src/policy/selection.ts'
import { createClaimMemory } from '../../src/repository/claim-table.ts'

const masterKey = new Uint8Array(32).fill(1)
const repositoryId = new Uint8Array(32).fill(2)
export const walkKeys = deriveKeys(masterKey, repositoryId)

export interface PointWalker {
  /** The folder as it is now, beside the previous one; `cache` has to have begun. */
  walk(folder: string, previous?: WalkedBefore, cache?: SourceCache): Promise<WalkedFolder>
  /** Pages that a walk had to ask the store for. */
  readonly fetched: () => number
}

export interface WalkedFolder {
  readonly entry: DirectoryEntry
  /** Nothing differs from the previous one. */
  readonly same: boolean
  readonly counts: WalkCounts
  /** All chunks that the point uses, as they were noted. */
  readonly used: ReadonlySet<ChunkId>
}

/** `changes`: where to look, as a run by the journal does. */
export interface WalkedBefore extends WalkedFolder {
  readonly changes?: Changes
  /** As in a repeated walk, which looks at each entry for itself. */
  readonly isPlaced?: (id: ChunkId) => boolean
}

/** Small chunks, so that files of a few KiB have maps. */
const chunker = { minBytes: 64, normalBytes: 128, maxBytes: 256, strictBits: 6, looseBits: 6 }

/** `how`: what the walk refuses to read, and who learns of what it left out. */
export function createPointWalker(
  exclude: readonly string[] = [],
  how: Partial<Pick<Walk, 'refusal' | 'leaveOut'>> = {},
): PointWalker {
  const pages = new Map<ChunkId, Uint8Array>()
  let fetched = 0
  const fetch = (reference: ChunkReference): Promise<Uint8Array> => {
    fetched++
    const page = pages.get(reference.id)
    return page === undefined ? Promise.reject(new Error('no such page')) : Promise.resolve(page)
  }
  return {
    fetched: () => fetched,
    walk: async (folder, previous, cache) => {
      const used = new Set<ChunkId>()
      const counted = previous?.changes === undefined ? noEntries() : previous.counts
      const counts = { ...counted, bytesRead: 0, readablePaths: 0, hasLinks: false }
      const pool = createContentPool({
        setup: {
          ...{
            heldKey: masterKey,
            epoch: 0,
            repositoryId,
            chunker,
            level: 1,
            verifyAll: false,
            day: 20_000,
          },
          ...{ segmentBytes: 1024 * 1024, claims: [createClaimMemory(16)] },
          inFlight: createInFlight(),
        },
        ...{ threads: 1, start: startInline, signal: new AbortController().signal },
        onPack: () => undefined,
        onRead: () => undefined,
      })
      const before: PreviousPoint | undefined = previous && {
        trust: { reuse: 'entries', beforeNs: 2n ** 62n },
        load: (reference, type) =>
          cache === undefined ? fetch(reference) : cache.load(reference, type, fetch),
      }
      const walk: Walk = {
        sink: {
          open: () => Promise.resolve(),
          flow: () => Promise.resolve(),
          add: (type, page) => {
            const reference = { id: chunkId(walkKeys, type, page), lengthBytes: page.length }
            pages.set(reference.id, page.slice())
            used.add(reference.id)
            cache?.add(reference.id, page)
            return reference
          },
        },
        contents: createContentReader(() => pool),
        previous: before,
        selector: createSelector({
          selection: { include: [], exclude },
          settings: defaultSelection,
          nowMs: 0,
        }),
        lastingInode: createLastingInode(),
        splitHash: (name) => splitHash(walkKeys, name),
        note: (id) => used.add(id),
        noteAll: (references) => {
          for (const { id } of decodeChunkReferences(references, maxChunkBytes)) used.add(id)
        },
        leaveOut: (item) => expect.fail(`left out: ${item.detail}`),
        ...how,
        changes: previous?.changes,
        isPlaced: previous?.isPlaced,
        counts,
        breathe: () => Promise.resolve(),
      }
      const path = Buffer.from(folder)
      const name = Buffer.from('data')
      const place = { path, text: '', name, parentDevice: undefined, ignores: [] }
      const found = { place, facts: lstatExact(path) }
      const [walked] = await outcomes([await walkEntry(walk, found, previous?.entry)])
      await pool.close()
      if (walked?.entry.type !== 'directory') throw new Error('nothing was readable')
      return { entry: walked.entry, same: walked.same, counts, used }
    },
  }
}

export const manifestOver = ({ entry }: Pick<WalkedFolder, 'entry'>): Manifest => ({
  root: { ...entry, name: new Uint8Array(0) },
  indexes: [],
  configNumber: 0,
  capture: { version: 1, kinds: [] },
  selection: { include: [], exclude: [] },
  statistics: { files: 0, directories: 0, others: 0, fileBytes: 0 },
  ...{ leftOutCount: 0, leftOut: [], leftOutPages: [], users: [], groups: [] },
  ...{ hostName: 'test', agentVersion: '0', system: 'linux', startedMs: 0, endedMs: 0 },
})

export const cacheOptions = { keys: walkKeys, random: systemRandom, isReadOnly: false }
