/** The sink of a run: what the vault does not have goes into packs and on its way; every id is noted for the refs. */

import { chunkId } from '../../crypto/chunk-id.ts'
import type { ChunkId, ObjectId } from '../../model/ids.ts'
import type { IndexedPack } from '../../model/index-object.ts'
import type { ChunkSink } from '../../repository/chunk-sink.ts'
import type { PackWriter, WrittenPack } from '../../repository/pack-writer.ts'
import type { RepositoryKeys } from '../../crypto/keys.ts'
import type { Uploads } from '../../repository/uploads.ts'
import type { PackJournal } from './pack-journal.ts'

export interface RunSink extends ChunkSink {
  /** Closes and sends what is begun; resolves when the vault has acknowledged everything. */
  finish(): Promise<void>
  /** All packs of this run. */
  readonly packs: ReadonlySet<ObjectId>
}

export interface RunSinkParts {
  readonly keys: RepositoryKeys
  readonly data: PackWriter
  readonly tree: PackWriter
  readonly uploads: Uploads
  readonly journal: PackJournal
  /** Whether the vault has it, by the indexes. Asked once for each id of this run. */
  readonly isKnown: (id: ChunkId) => boolean
  /** Called once, before the first chunk: loads what `isKnown` needs. */
  readonly prepare: () => Promise<void>
  readonly note: (id: ChunkId) => void
  /** Writes an index of packs: one at the end, and one now and then in a long run. */
  readonly index: (packs: readonly IndexedPack[]) => Promise<void>
}

const packsPerIndex = 256

export function createRunSink(parts: RunSinkParts): RunSink {
  const met = new Set<ChunkId>()
  const packs = new Set<ObjectId>()
  let unindexed: IndexedPack[] = []
  let ready: WrittenPack[] = []
  let prepared: Promise<void> | undefined

  const send = async () => {
    const sending = ready
    ready = []
    for (const { facts, bytes, head } of sending) {
      packs.add(facts.id)
      unindexed.push(facts)
      await parts.uploads.put({ kind: facts.kind, id: facts.id, bytes }, () =>
        parts.journal.append({ id: facts.id, head }),
      )
    }
    if (unindexed.length >= packsPerIndex) await index()
  }
  const index = async () => {
    await parts.index(unindexed)
    unindexed = []
  }
  return {
    packs,
    open: () => (prepared ??= parts.prepare()),
    add: (type, plaintext) => {
      const reference = { id: chunkId(parts.keys, type, plaintext), lengthBytes: plaintext.length }
      parts.note(reference.id)
      if (met.has(reference.id)) return reference
      met.add(reference.id)
      if (parts.isKnown(reference.id)) return reference
      const writer = type === 1 ? parts.data : parts.tree
      ready.push(...writer.add(type, reference, plaintext))
      return reference
    },
    flow: () => (ready.length > 0 ? send() : Promise.resolve()),
    finish: async () => {
      ready.push(...parts.data.finish(), ...parts.tree.finish())
      await send()
      await index()
      await parts.uploads.settle()
    },
  }
}
