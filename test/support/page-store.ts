/** Chunks in memory under the fixed key of the vectors: K_id = 00 01 02 … 1f. */

import { createHmac } from 'node:crypto'
import { concatBytes, toHex, u8 } from '../../src/base/bytes.ts'
import type { ChunkId, ChunkReference } from '../../src/model/ids.ts'
import { parseChunkId } from '../../src/model/ids.ts'

export const idKey = Uint8Array.from({ length: 32 }, (_, index) => index)

export const hmac = (...message: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(
    createHmac('sha256', idKey)
      .update(concatBytes(...message))
      .digest(),
  )

export const splitHash = (name: Uint8Array): Uint8Array => hmac(u8(0), name)

export interface PageStore {
  readonly pages: Map<ChunkId, Uint8Array>
  /** Ids in the order of loading. */
  readonly loaded: ChunkId[]
  readonly emit: (page: Uint8Array) => ChunkReference
  readonly load: (reference: ChunkReference) => Promise<Uint8Array>
}

export function createPageStore(chunkType: number): PageStore {
  const pages = new Map<ChunkId, Uint8Array>()
  const loaded: ChunkId[] = []
  return {
    pages,
    loaded,
    emit: (page) => {
      const id = parseChunkId(toHex(hmac(u8(chunkType), page)))
      pages.set(id, page)
      return { id, lengthBytes: page.length }
    },
    load: ({ id }) => {
      loaded.push(id)
      const page = pages.get(id)
      return page === undefined ? Promise.reject(new Error(`no page ${id}`)) : Promise.resolve(page)
    },
  }
}

/** A made-up chunk: its id is the keyed hash of the label as data. */
export const chunkOf = (label: string, lengthBytes: number): ChunkReference => ({
  id: parseChunkId(toHex(hmac(u8(1), Buffer.from(label)))),
  lengthBytes,
})

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}
