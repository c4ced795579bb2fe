/**
 * The ids of all chunks that a point uses, in the order the walk meets them. The packs that hold them are its refs.
 * Ids are only collected until something has changed (or too many are waiting): a run that changes nothing needs no index.
 */

import { BackupError } from '../../base/errors.ts'
import { bufferOf, toHex } from '../../base/bytes.ts'
import { chunkReferenceBytes, type ChunkId } from '../../model/ids.ts'

export interface NotedChunks {
  readonly note: (id: ChunkId) => void
  /** Of encoded references, one behind the other. */
  readonly noteAll: (references: Uint8Array) => void
  readonly waiting: number
  /** Hands out all ids collected since the last call and forgets them. */
  drain(use: (id: ChunkId) => void): void
}

const idLength = 32
const idsABlock = 2048

export function createNotedChunks(): NotedChunks {
  // Blocks, not one array that is copied as it grows: of a million files it would take three times the memory.
  let blocks: Buffer[] = []
  let count = 0
  const room = (): { readonly block: Buffer; readonly at: number } => {
    const at = (count % idsABlock) * idLength
    const block = at === 0 ? Buffer.allocUnsafeSlow(idsABlock * idLength) : blocks.at(-1)
    if (block === undefined) throw new BackupError('internal', 'No block of noted chunks.')
    if (at === 0) blocks.push(block)
    count++
    return { block, at }
  }
  return {
    note: (id) => {
      const { block, at } = room()
      if (block.write(id, at, 'hex') !== idLength) {
        throw new BackupError('internal', `Not an id of a chunk: ${id}.`)
      }
    },
    noteAll: (references) => {
      const bytes = bufferOf(references)
      for (let from = 0; from < bytes.length; from += chunkReferenceBytes) {
        const { block, at } = room()
        bytes.copy(block, at, from, from + idLength)
      }
    },
    get waiting() {
      return count
    },
    drain: (use) => {
      const drained = blocks
      let left = count
      blocks = []
      count = 0
      for (const block of drained) {
        const end = Math.min(left, idsABlock) * idLength
        for (let at = 0; at < end; at += idLength) {
          use(toHex(block.subarray(at, at + idLength)) as ChunkId)
        }
        left -= idsABlock
      }
    },
  }
}
