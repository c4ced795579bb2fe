/**
 * The ids of all chunks that a point uses, in the order the walk meets them. The packs that hold them are its refs.
 * Ids are only collected until something has changed (or too many are waiting): a run that changes nothing needs no index.
 */

import type { ChunkId } from '../../model/ids.ts'
import { fromHex, toHex } from '../../base/bytes.ts'

export interface NotedChunks {
  readonly note: (id: ChunkId) => void
  readonly waiting: number
  /** Hands out all ids collected since the last call and forgets them. */
  drain(use: (id: ChunkId) => void): void
}

const idLength = 32
const firstCapacity = 4096

export function createNotedChunks(): NotedChunks {
  let ids = new Uint8Array(firstCapacity * idLength)
  let count = 0
  return {
    note: (id) => {
      if ((count + 1) * idLength > ids.length) ids = grown(ids)
      ids.set(fromHex(id) ?? new Uint8Array(idLength), count * idLength)
      count++
    },
    get waiting() {
      return count
    },
    drain: (use) => {
      for (let at = 0; at < count; at++) {
        use(toHex(ids.subarray(at * idLength, (at + 1) * idLength)) as ChunkId)
      }
      ids = new Uint8Array(firstCapacity * idLength)
      count = 0
    },
  }
}

function grown(ids: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(ids.length * 2)
  larger.set(ids)
  return larger
}
