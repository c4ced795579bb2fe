/** Several indexes as one, cut by id where it gets too large; packs that are gone are left out (DESIGN 4.3). */

import { compareBytes, joinBytes, viewOf } from '../base/bytes.ts'
import { idBytes, type ObjectId } from './ids.ts'
import {
  encodeIndexRows,
  indexPayloadBytes,
  type IndexView,
  type PackFacts,
} from './index-object.ts'
import { indexRowBytes } from './index-rows.ts'
import type { PackKind } from './pack.ts'

/** So many indexes of a size class become one of the next. */
export const mergeCount = 16
/** Chunks from which on an index belongs to the next class; those of the last class are never merged. */
const classBounds = [5_461, 87_381]

/** The indexes of the first class that has enough of them, or none. */
export function indexesToMerge(
  indexes: ReadonlyMap<ObjectId, IndexView>,
  kind: PackKind,
): readonly ObjectId[] {
  for (const sizeClass of classBounds.keys()) {
    const members = [...indexes].filter(
      ([, view]) => view.kind === kind && classOf(view) === sizeClass,
    )
    if (members.length >= mergeCount) return members.map(([id]) => id)
  }
  return []
}

const classOf = ({ chunkCount }: IndexView): number =>
  classBounds.filter((bound) => chunkCount >= bound).length

interface Row {
  /** Id and place; the pack's ordinal in it is not valid. */
  readonly bytes: Uint8Array
  readonly pack: PackFacts
}

/** Payloads, in the order of their chunks. */
export function mergeIndexes(
  kind: PackKind,
  views: readonly IndexView[],
  isPresent: (pack: ObjectId) => boolean,
): Uint8Array[] {
  const rows = views
    .flatMap((view) => rowsOf(view))
    .filter(({ pack }) => isPresent(pack.id))
    .sort(byIdAndPack)
  const unique = rows.filter((row, at) => {
    const before = rows[at - 1]
    return before === undefined || byIdAndPack(before, row) !== 0
  })
  const payloads: Uint8Array[] = []
  const rowsEach = Math.floor(indexPayloadBytes / indexRowBytes)
  for (let at = 0; at < unique.length; at += rowsEach) {
    payloads.push(encodeRows(kind, unique.slice(at, at + rowsEach)))
  }
  return payloads
}

function rowsOf(view: IndexView): Row[] {
  return Array.from({ length: view.chunkCount }, (_, row) => {
    const { pack, segment, placeBytes, lengthBytes } = view.placeAt(row)
    const bytes = new Uint8Array(indexRowBytes)
    const numbers = viewOf(bytes)
    bytes.set(idBytes(view.idAt(row)))
    numbers.setUint32(36, segment, true)
    numbers.setUint32(40, placeBytes, true)
    numbers.setUint32(44, lengthBytes, true)
    const facts = view.packs[pack]
    if (facts === undefined) throw new RangeError('an index row without a pack')
    return { bytes, pack: facts }
  })
}

const byIdAndPack = (a: Row, b: Row): number =>
  compareBytes(a.bytes.subarray(0, 32), b.bytes.subarray(0, 32)) ||
  (a.pack.id < b.pack.id ? -1 : Number(a.pack.id > b.pack.id))

function encodeRows(kind: PackKind, rows: readonly Row[]): Uint8Array {
  const packs = new Map(rows.map(({ pack }) => [pack.id, pack]))
  const sorted = [...packs.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  const ordinals = new Map(sorted.map(({ id }, ordinal) => [id, ordinal]))
  for (const { bytes, pack } of rows) {
    viewOf(bytes).setUint32(32, ordinals.get(pack.id) ?? 0, true)
  }
  return encodeIndexRows(kind, sorted, joinBytes(rows.map(({ bytes }) => bytes)))
}
