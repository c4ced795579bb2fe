/**
 * What a thread does: reads files, cuts them, and fills packs with the chunks that nobody has claimed. Blocks its
 * thread throughout: system calls and compression one after another are the fastest way through many small files.
 */

import { systemRandom } from '../../base/bytes.ts'
import { Secret } from '../../base/secret.ts'
import { errorCodeOf, messageOf, systemCodeOf } from '../../base/errors.ts'
import { createChunker, chunkerCapacityBytes } from '../../chunker/chunker.ts'
import { createGear64Kernel } from '../../chunker/gear64.ts'
import { chunkId } from '../../crypto/chunk-id.ts'
import { keysOfHeld } from '../../crypto/held-key.ts'
import { gearTable } from '../../crypto/keys.ts'
import { idBytes, type ChunkReference } from '../../model/ids.ts'
import { maxChunkBytes } from '../../model/limits.ts'
import { openClaimTable } from '../../repository/claim-table.ts'
import { createCompressor } from '../../repository/compression.ts'
import { createPackWriter, type WrittenPack } from '../../repository/pack-writer.ts'
import { gatherAttributes, withLarge } from './attributes.ts'
import { createPackMemory } from './pack-memory.ts'
import { createFileReader } from './read-file.ts'
import { readPieces } from './read-pieces.ts'
import type {
  ContentJob,
  ContentSetup,
  FilePiece,
  FromThread,
  JobResult,
  ToThread,
} from './messages.ts'
import { jobsSent } from './sent-jobs.ts'
import { sentResults } from './sent-results.ts'

export interface ContentEngine {
  handle(message: ToThread): void
}

export interface EngineOutlets {
  readonly say: (message: FromThread) => void
  /** Called before a pack is handed out; may block until there is room for it. */
  readonly awaitRoom: (bytes: number) => void
  /** What a pack lay in that is stored by now, one at a time: asked for within a job too, which may be a large file. */
  readonly returned: () => SharedArrayBuffer | undefined
}

const blockBytes = 1024 * 1024
/** A message for each small file would cost as much as reading it. */
const worthSayingBytes = 1024 * 1024

export function createContentEngine(setup: ContentSetup, outlets: EngineOutlets): ContentEngine {
  const keys = keysOfHeld(new Secret(setup.heldKey), setup.repositoryId, setup.epoch)
  const claims = openClaimTable(setup.claims)
  const packMemory = createPackMemory(outlets.returned)
  const writer = createPackWriter({
    kind: 'data',
    memory: (bytes) => packMemory.take(bytes),
    epoch: keys.currentEpoch,
    keys,
    random: systemRandom,
    compressor: createCompressor(setup.level),
    segmentBytes: setup.segmentBytes,
    verifyAll: setup.verifyAll,
    day: setup.day,
  })
  const capacity = chunkerCapacityBytes(setup.chunker, blockBytes)
  const kernel = createGear64Kernel(gearTable(keys), capacity)
  const chunker = createChunker(kernel, setup.chunker, blockBytes)

  const send = (packs: readonly WrittenPack[]) => {
    for (const pack of packs) {
      outlets.awaitRoom(pack.bytes.buffer.byteLength)
      outlets.say({ kind: 'pack', pack })
    }
  }
  const idOf = (plaintext: Uint8Array) => chunkId(keys, 1, plaintext)
  const storeUnclaimed = (reference: ChunkReference, plaintext: Uint8Array) => {
    if (claims.claim(idBytes(reference.id))) send(writer.add(1, reference, plaintext))
  }
  const store = (plaintext: Uint8Array): ChunkReference => {
    const reference = { id: idOf(plaintext), lengthBytes: plaintext.length }
    storeUnclaimed(reference, plaintext)
    return reference
  }
  const storePieces = (path: Uint8Array, pieces: readonly FilePiece[]): number => {
    const foundBytes = readPieces(path, pieces, {
      idOf,
      store: ({ reference }, plaintext) => {
        storeUnclaimed(reference, plaintext)
      },
    })
    outlets.say({ kind: 'read', bytes: foundBytes })
    return foundBytes
  }
  const storeValue = (bytes: Uint8Array): readonly ChunkReference[] => {
    const chunks: ChunkReference[] = []
    for (let at = 0; at < bytes.length; at += maxChunkBytes) {
      chunks.push(store(bytes.subarray(at, at + maxChunkBytes)))
    }
    return chunks
  }
  let unsaidBytes = 0
  const sayRead = () => {
    if (unsaidBytes > 0) outlets.say({ kind: 'read', bytes: unsaidBytes })
    unsaidBytes = 0
  }
  const readFile = createFileReader({
    chunker,
    store,
    onRead: (bytes) => {
      unsaidBytes += bytes
      if (unsaidBytes >= worthSayingBytes) sayRead()
    },
  })
  const resultOf = (job: ContentJob): JobResult => {
    const { number } = job
    if (job.kind === 'value') return { kind: 'value', number, chunks: storeValue(job.bytes) }
    if (job.kind === 'pieces') {
      return { kind: 'pieces', number, foundBytes: storePieces(job.path, job.pieces) }
    }
    const { listing, ...content } = readFile(job.path)
    const { inline, large, failures } = gatherAttributes(listing)
    const stored = large.map(({ name, value }) => ({ name, content: storeValue(value) }))
    const attributes = withLarge(inline, stored)
    return {
      kind: 'file',
      number,
      file: { ...content, attributes, attributeFailures: failures },
    }
  }
  const attempt = (job: ContentJob): JobResult => {
    try {
      return resultOf(job)
    } catch (error) {
      const code = systemCodeOf(error) ?? unreadableCode(error)
      if (code === undefined) throw error
      return { kind: 'failed', number: job.number, error: { code, message: messageOf(error) } }
    }
  }
  const work = (jobs: readonly ContentJob[]) => {
    const results = jobs.map(attempt)
    sayRead()
    outlets.say({ kind: 'results', ...sentResults(results) })
  }
  return {
    handle: (message) => {
      switch (message.kind) {
        case 'work':
          work(jobsSent(message))
          return
        case 'claims':
          claims.extend(message.memory)
          return
        case 'hand-over':
          outlets.say({ kind: 'unfinished', unfinished: writer.handOver() })
          return
        case 'adopt':
          send(writer.adopt(message.unfinished))
          return
        case 'finish':
          send(writer.finish())
          outlets.say({ kind: 'finished' })
      }
    },
  }
}

/** What was a file a moment ago is something else now. */
const unreadableCode = (error: unknown): string | undefined => {
  const code = errorCodeOf(error)
  return code === 'file-unreadable' ? code : undefined
}
