/** The rows of an index: those of whole packs, in their order, and the way to one. Nothing is made for a row, as there are hundreds of thousands. */

import { bufferOf, compareBytes, viewOf } from '../base/bytes.ts'
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
    keys[row] = keyAt(numbers, at)
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
  const order = compareBytes(id(left), id(right))
  return order || numbers.getUint32(left + 32, true) - numbers.getUint32(right + 32, true)
}

/** The first 48 bits of an id as a number. */
const keyAt = (numbers: DataView, at: number): number =>
  numbers.getUint32(at) * 0x1_0000 + numbers.getUint16(at + 4)
const keyCount = 2 ** 48

/**
 * The first of the rows, ascending, whose id is not below `id`; their number where all are. Ids are evenly spread: it is
 * looked for where it should be, and by halves from there, so that few of the rows come into the processor's cache.
 */
export function firstRowFrom(rows: Uint8Array, id: Uint8Array): number {
  const numbers = viewOf(rows)
  const key = keyAt(viewOf(id), 0)
  const isBelow = (row: number): boolean => {
    const at = row * indexRowBytes
    const its = keyAt(numbers, at)
    return its === key ? compareBytes(rows.subarray(at, at + idLength), id) < 0 : its < key
  }
  const count = rows.length / indexRowBytes
  const likely = Math.floor((key / keyCount) * count)
  const reach = 16 + 2 * Math.ceil(Math.sqrt(count))
  let low = 0
  let high = count
  const halve = (row: number) => {
    if (row < low || row >= high) return
    if (isBelow(row)) low = row + 1
    else high = row
  }
  halve(likely - reach)
  halve(likely + reach)
  while (low < high) halve((low + high) >>> 1)
  return low
}
