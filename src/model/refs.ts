/** The refs of a point, a set of ids, as objects: the same set gives the same objects (docs/format.md 8). */

import { BackupError } from '../base/errors.ts'
import { sha256 } from '../base/hash.ts'
import type { ObjectId } from './ids.ts'
import { objectIdOf } from './ids.ts'
import { maxRefsItems, maxRefsLevel } from './limits.ts'
import type { RefsCell, RefsItem } from './refs-object.ts'
import { encodeRefsItems, encodeRefsObject, prefixOf } from './refs-object.ts'

export interface WrittenRefs {
  readonly root: ObjectId
  /** All objects, shards first, the root last, by name: SHA-256 of the bytes. */
  readonly objects: ReadonlyMap<ObjectId, Uint8Array>
  /** Number of ids in the set. */
  readonly count: number
}

/** Writes a set of ids; order and repetition in `ids` are of no account. */
export function writeRefs(ids: Iterable<ObjectId>): WrittenRefs {
  const objects = new Map<ObjectId, Uint8Array>()
  const sorted = sortedIds(ids)
  let items = writeShards(sorted, objects)
  for (let level = 1; level <= maxRefsLevel; level++) {
    items = writeNodes(level, items, objects)
    const [root, ...more] = items
    if (root !== undefined && more.length === 0) {
      return { root: root.id, objects, count: sorted.length / 32 }
    }
  }
  throw new BackupError('internal', 'Refs have too many levels.')
}

/** 32 bytes each, ascending, unique. */
function sortedIds(ids: Iterable<ObjectId>): Buffer {
  const unique = [...(ids instanceof Set ? (ids as Set<ObjectId>) : new Set(ids))].sort()
  const bytes = Buffer.allocUnsafeSlow(unique.length * 32)
  unique.forEach((id, index) => bytes.write(id, index * 32, 'hex'))
  return bytes
}

function writeShards(ids: Uint8Array, objects: Map<ObjectId, Uint8Array>): RefsItem[] {
  const items: RefsItem[] = []
  const keyOf = (index: number) => ids.subarray(index * 32, index * 32 + 32)
  for (const { from, to, bits } of cellsOf(ids.length / 32, keyOf)) {
    if (from === to) continue
    const cell = { bits, prefix: prefixOf(keyOf(from), bits) }
    const bytes = encodeRefsObject(0, cell, ids.subarray(from * 32, to * 32))
    items.push(keep({ ...cell, count: to - from }, bytes, objects))
  }
  return items
}

function writeNodes(
  level: number,
  below: readonly RefsItem[],
  objects: Map<ObjectId, Uint8Array>,
): RefsItem[] {
  const items: RefsItem[] = []
  const keyOf = (index: number) => below[index]?.prefix ?? emptyPrefix
  for (const { from, to, bits } of cellsOf(below.length, keyOf)) {
    const children = below.slice(from, to)
    const cell = { bits, prefix: prefixOf(keyOf(from), bits) }
    const bytes = encodeRefsObject(level, cell, encodeRefsItems(children))
    const count = children.reduce((sum, item) => sum + item.count, 0)
    items.push(keep({ ...cell, count }, bytes, objects))
  }
  return items
}

function keep(
  cell: RefsCell & { readonly count: number },
  bytes: Uint8Array,
  objects: Map<ObjectId, Uint8Array>,
): RefsItem {
  const id = objectIdOf(sha256(bytes))
  objects.set(id, bytes)
  return { ...cell, id }
}

const emptyPrefix = new Uint8Array(32)

interface Range {
  readonly from: number
  readonly to: number
  readonly bits: number
}

/** The cells of a sorted list, in order; the only cell of an empty list is empty. */
function* cellsOf(count: number, keyOf: (index: number) => Uint8Array): Generator<Range> {
  const open: Range[] = [{ from: 0, to: count, bits: 0 }]
  for (let cell = open.pop(); cell !== undefined; cell = open.pop()) {
    if (cell.to - cell.from <= maxRefsItems) {
      yield cell
      continue
    }
    const bits = cell.bits + 1
    const middle = firstOne(cell, keyOf)
    if (middle < cell.to) open.push({ from: middle, to: cell.to, bits })
    if (middle > cell.from) open.push({ from: cell.from, to: middle, bits })
  }
}

/** The first item of the cell whose next bit is 1. */
function firstOne({ from, to, bits }: Range, keyOf: (index: number) => Uint8Array): number {
  const mask = 0x80 >> (bits & 7)
  let low = from
  let high = to
  while (low < high) {
    const middle = (low + high) >> 1
    if (((keyOf(middle)[bits >> 3] ?? 0) & mask) === 0) low = middle + 1
    else high = middle
  }
  return low
}
