/** Packs that only exist in indexes. */

import { sha256 } from '../../../src/base/hash.ts'
import { utf8, viewOf } from '../../../src/base/bytes.ts'
import { chunkIdOf, objectIdOf, type ChunkReference } from '../../../src/model/ids.ts'
import type { IndexedPack } from '../../../src/model/index-object.ts'
import { encodePackHeader, type PackKind } from '../../../src/model/pack.ts'

/** A chunk whose id is the SHA-256 of the label. */
export const labelled = (label: string, lengthBytes: number): ChunkReference => ({
  id: chunkIdOf(sha256(utf8(label))),
  lengthBytes,
})

/** So many chunks of one byte, ids scattered, none like those of another `seed` below 256. */
export function manyChunks(seed: number, count: number): ChunkReference[] {
  const bytes = new Uint8Array(32).fill(seed, 4)
  const view = viewOf(bytes)
  return Array.from({ length: count }, (_, number) => {
    view.setUint32(0, Math.imul(number, 0x9e3779b1) >>> 0)
    return { id: chunkIdOf(bytes), lengthBytes: 1 }
  })
}

/** Each list of chunks is a segment. Id and salt are the SHA-256 of the label and of `salt of` and the label. */
export function packOf(
  label: string,
  segments: readonly (readonly ChunkReference[])[],
  kind: PackKind = 'data',
): IndexedPack {
  const salt = sha256(utf8(`salt of ${label}`))
  return {
    id: objectIdOf(sha256(utf8(label))),
    kind,
    header: encodePackHeader({ kind, epoch: 0, directoryBytes: 4_096, salt }),
    day: 20_000,
    segments: segments.map((chunks) => {
      const rawBytes = chunks.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0)
      return { type: kind === 'data' ? 1 : 2, codec: 0, storedBytes: rawBytes + 16, rawBytes }
    }),
    chunks: segments.flat(),
  }
}
