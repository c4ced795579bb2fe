/** The rows of an index of whole packs, in their order; nothing is made for a row, as there are hundreds of thousands. */

import { bufferOf, viewOf } from '../base/bytes.ts'
import type { ChunkReference } from './ids.ts'
import { placedChunks, type SegmentFacts } from './pack.ts'

/** `id ‖ u32 pack ‖ u32 segment ‖ u32 place ‖ u32 length` */
export const indexRowBytes = 48
const idLength = 32

interface Contents {
  readonly segments: readonly SegmentFacts[]
  readonly chunks: readonly ChunkReference[]
}

/** By id, then by pack, which are numbered as they come; a chunk that a pack holds twice is named once. */
export function rowsOfPacks(packs: readonly Contents[]): Uint8Array {
  const rows = unsortedRows(packs)
  const numbers = viewOf(rows)
  const ordered = new Uint8Array(rows.length)
  let end = 0
  let before: number | undefined
  for (const row of inOrder(rows)) {
    const at = row * indexRowBytes
    const isTwice = before !== undefined && compareRows(rows, numbers, [before, row]) === 0
    before = row
    if (isTwice) continue
    ordered.set(rows.subarray(at, at + indexRowBytes), end)
    end += indexRowBytes
  }
  return ordered.subarray(0, end)
}

function unsortedRows(packs: readonly Contents[]): Uint8Array {
  const count = packs.reduce((sum, { chunks }) => sum + chunks.length, 0)
  const rows = new Uint8Array(count * indexRowBytes)
  const [bytes, numbers] = [bufferOf(rows), viewOf(rows)]
  let at = 0
  for (const [ordinal, { segments, chunks }] of packs.entries()) {
    for (const { reference, segment, placeBytes } of placedChunks(segments, chunks)) {
      bytes.write(reference.id, at, 'hex')
      numbers.setUint32(at + 32, ordinal, true)
      numbers.setUint32(at + 36, segment, true)
      numbers.setUint32(at + 40, placeBytes, true)
      numbers.setUint32(at + 44, reference.lengthBytes, true)
      at += indexRowBytes
    }
  }
  return rows
}

/** Numbers of rows; those that are equal stay as they came. */
function inOrder(rows: Uint8Array): Uint32Array {
  const numbers = viewOf(rows)
  const count = rows.length / indexRowBytes
  const order = new Uint32Array(count)
  // The first 48 bits of an id tell nearly all of them apart.
  const keys = new Float64Array(count)
  for (let row = 0; row < count; row++) {
    const at = row * indexRowBytes
    order[row] = row
    keys[row] = numbers.getUint32(at) * 0x1_0000 + numbers.getUint16(at + 4)
  }
  return order.sort(
    (a, b) => (keys[a] ?? 0) - (keys[b] ?? 0) || compareRows(rows, numbers, [a, b]) || a - b,
  )
}

function compareRows(
  rows: Uint8Array,
  numbers: DataView,
  [a, b]: readonly [number, number],
): number {
  const [left, right] = [a * indexRowBytes, b * indexRowBytes]
  const id = (at: number) => rows.subarray(at, at + idLength)
  const order = Buffer.compare(id(left), id(right))
  return order || numbers.getUint32(left + 32, true) - numbers.getUint32(right + 32, true)
}
