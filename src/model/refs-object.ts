/** One object of a point's refs: a shard of ids, or a node that names the objects of the level below (docs/format.md 8). */

import { BackupError } from '../base/errors.ts'
import { compareBytes, viewOf } from '../base/bytes.ts'
import type { Fields } from './cbor.ts'
import { decodeCbor, encodeCbor, fieldsOf } from './cbor.ts'
import type { ObjectId } from './ids.ts'
import { idBytes, objectIdOf } from './ids.ts'
import { maxRefsBytes, maxRefsItems, maxRefsLevel } from './limits.ts'

/** The ids or objects that begin with the same bits; bits count from the first byte's highest on. */
export interface RefsCell {
  /** 0 to 256. */
  readonly bits: number
  /** 32 bytes, zero after the prefix. */
  readonly prefix: Uint8Array
}

export interface RefsShard extends RefsCell {
  readonly level: 0
  /** Ascending, unique, 1 to 512. */
  readonly ids: readonly ObjectId[]
}

export interface RefsNode extends RefsCell {
  /** 1 to 15. */
  readonly level: number
  /** Ascending by prefix, none a prefix of another; 1 to 512, none in the root of the empty set. */
  readonly items: readonly RefsItem[]
}

/** What a node says of an object of the level below. */
export interface RefsItem extends RefsCell {
  readonly id: ObjectId
  /** Number of ids below. */
  readonly count: number
}

export type RefsObject = RefsShard | RefsNode

/** The object of a cell whose items, as they stand in it, are joined in `items`. */
export function encodeRefsObject(
  level: number,
  cell: RefsCell,
  items: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const prefix = cell.prefix.subarray(0, Math.ceil(cell.bits / 8))
  return encodeCbor(
    new Map<number, number | Uint8Array>([
      [0, level],
      [1, cell.bits],
      [2, prefix],
      [3, items],
    ]),
  )
}

/** Joins items as they stand in a node. */
export function encodeRefsItems(items: readonly RefsItem[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(items.length * itemBytes)
  const view = viewOf(out)
  items.forEach((item, index) => {
    const at = index * itemBytes
    view.setUint16(at, item.bits, true)
    out.set(item.prefix, at + 2)
    out.set(idBytes(item.id), at + 34)
    view.setUint32(at + 66, item.count, true)
  })
  return out
}

/** Decodes one object, strictly. @throws BackupError `malformed` for what no writer writes. */
export function decodeRefsObject(bytes: Uint8Array): RefsObject {
  if (bytes.length > maxRefsBytes) throw malformed('it is too large')
  const fields = fieldsOf(decodeCbor(bytes), 'a refs object')
  const level = fields.uint(0)
  if (level > maxRefsLevel) throw malformed('its level is too high')
  const cell = readCell(fields)
  const items = fields.bytes(3)
  fields.finish()
  return level === 0
    ? { level, ...cell, ids: readIds(items, cell) }
    : { level, ...cell, items: readItems(items, level, cell) }
}

function readCell(fields: Fields): RefsCell {
  const bits = fields.uint(1)
  if (bits > 256) throw malformed('its prefix is too long')
  const prefix = new Uint8Array(32)
  prefix.set(fields.bytes(2, Math.ceil(bits / 8)))
  return checkedCell({ bits, prefix })
}

function readIds(bytes: Uint8Array, cell: RefsCell): ObjectId[] {
  if (countOf(bytes, 32) === 0) throw malformed('it is empty')
  const ids: ObjectId[] = []
  let before: Uint8Array | undefined
  for (let at = 0; at < bytes.length; at += 32) {
    const id = bytes.subarray(at, at + 32)
    if (before !== undefined && compareBytes(before, id) >= 0)
      throw malformed('ids are not in order')
    before = id
    ids.push(objectIdOf(id))
  }
  const ends = [bytes.subarray(0, 32), bytes.subarray(-32)]
  if (!ends.every((id) => isUnder(id, cell))) throw malformed('an id is outside its prefix')
  return ids
}

function readItems(bytes: Uint8Array, level: number, cell: RefsCell): RefsItem[] {
  const count = countOf(bytes, itemBytes)
  if (count === 0 && (level > 1 || cell.bits > 0)) throw malformed('it is empty')
  const items: RefsItem[] = []
  let before: RefsItem | undefined
  for (let at = 0; at < bytes.length; at += itemBytes) {
    const item = readItem(bytes.subarray(at, at + itemBytes))
    if (item.bits < cell.bits || !isUnder(item.prefix, cell)) {
      throw malformed('an item is outside its prefix')
    }
    if (item.count < 1 || (level === 1 && item.count > maxRefsItems)) {
      throw malformed('a number of ids is outside the limits')
    }
    if (before !== undefined && !isBefore(before, item))
      throw malformed('its items are not in order')
    before = item
    items.push(item)
  }
  return items
}

function readItem(bytes: Uint8Array): RefsItem {
  const view = viewOf(bytes)
  const cell = checkedCell({ bits: view.getUint16(0, true), prefix: bytes.slice(2, 34) })
  return { ...cell, id: objectIdOf(bytes.subarray(34, 66)), count: view.getUint32(66, true) }
}

const itemBytes = 70

function countOf(bytes: Uint8Array, bytesEach: number): number {
  if (bytes.length % bytesEach !== 0) throw malformed('its items do not fill their byte string')
  if (bytes.length / bytesEach > maxRefsItems) throw malformed('it has too many items')
  return bytes.length / bytesEach
}

function checkedCell(cell: RefsCell): RefsCell {
  if (cell.bits > 256) throw malformed('a prefix is too long')
  if (compareBytes(cell.prefix, prefixOf(cell.prefix, cell.bits)) !== 0) {
    throw malformed('unused bits of a prefix are not zero')
  }
  return cell
}

/** The first bits of 32 bytes, zeros behind them. */
export function prefixOf(bytes: Uint8Array, bits: number): Uint8Array<ArrayBuffer> {
  const prefix = Uint8Array.from(bytes)
  const whole = bits >> 3
  if (whole < 32) {
    prefix[whole] = (prefix[whole] ?? 0) & (0xff00 >> (bits & 7))
    prefix.fill(0, whole + 1)
  }
  return prefix
}

/** Whether an id, or a longer prefix, begins with the cell's. */
export const isUnder = (bytes: Uint8Array, cell: RefsCell): boolean =>
  compareBytes(prefixOf(bytes, cell.bits), cell.prefix) === 0

/** In order, and neither a prefix of the other. */
const isBefore = (a: RefsCell, b: RefsCell): boolean =>
  compareBytes(a.prefix, b.prefix) < 0 && !isUnder(b.prefix, a)

const malformed = (why: string): BackupError =>
  new BackupError('malformed', `Not a refs object of this format: ${why}.`)
