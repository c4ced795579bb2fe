/** The sink of a run: trees that the vault does not have go into packs, packs go on their way, ids are noted for the refs. */

import { chunkId } from '../../crypto/chunk-id.ts'
import type { ChunkId, ObjectId } from '../../model/ids.ts'
import type { IndexedPack } from '../../model/index-object.ts'
import type { ChunkSink } from '../../repository/chunk-sink.ts'
import type { PackWriter, WrittenPack } from '../../repository/pack-writer.ts'
import type { RepositoryKeys } from '../../crypto/keys.ts'
import type { Uploads } from '../../repository/uploads.ts'
import type { PackJournal } from './pack-journal.ts'

export interface RunSink extends ChunkSink {
  /** Takes a pack that is full; `whenStored` is called when the vault has acknowledged it. Rejects where none can be sent any more. */
  accept(pack: WrittenPack, whenStored: () => void): Promise<void>
  /** Closes and sends what is begun; resolves when the vault has acknowledged everything. */
  finish(): Promise<void>
  /** All packs of this run. */
  readonly packs: ReadonlySet<ObjectId>
}

export interface RunSinkParts {
  readonly keys: RepositoryKeys
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

/** Whichever comes first: a list of packs of small files takes as much memory as one of many large ones. */
const packsPerIndex = 256
const chunksPerIndex = 256 * 1024

interface ReadyPack {
  readonly pack: WrittenPack
  readonly whenStored?: () => void
}

export function createRunSink(parts: RunSinkParts): RunSink {
  const met = new Set<ChunkId>()
  const packs = new Set<ObjectId>()
  let unindexed: IndexedPack[] = []
  let unindexedChunks = 0
  const ready: ReadyPack[] = []
  let prepared: Promise<void> | undefined
  let sending = Promise.resolve()

  const sendReady = async () => {
    for (let next = ready.shift(); next !== undefined; next = ready.shift()) {
      const { facts, bytes, head } = next.pack
      const { whenStored } = next
      packs.add(facts.id)
      unindexed.push(facts)
      unindexedChunks += facts.chunks.length
      await parts.uploads.put({ kind: facts.kind, id: facts.id, bytes }, async () => {
        whenStored?.()
        await parts.journal.append({ id: facts.id, head })
      })
    }
    const isMuch = unindexed.length >= packsPerIndex || unindexedChunks >= chunksPerIndex
    if (isMuch) await index()
  }
  /** One after another; the first failure is everyone's. */
  const send = (): Promise<void> => {
    sending = sending.then(sendReady)
    sending.catch(() => undefined)
    return sending
  }
  const index = async () => {
    const listed = unindexed
    unindexed = []
    unindexedChunks = 0
    await parts.index(listed)
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
      for (const pack of parts.tree.add(type, reference, plaintext)) ready.push({ pack })
      return reference
    },
    accept: (pack, whenStored) => {
      ready.push({ pack, whenStored })
      return send()
    },
    flow: () => (ready.length > 0 ? send() : Promise.resolve()),
    finish: async () => {
      for (const pack of parts.tree.finish()) ready.push({ pack })
      await send()
      await index()
      await parts.uploads.settle()
    },
  }
}
