/** Payload of an index: a table of packs, and their chunks sorted by id (docs/format.md 5.2). */

import { compareBytes, viewOf } from '../base/bytes.ts'
import { BackupError } from '../base/errors.ts'
import { decodeCbor, encodeCbor, fieldsOf, type CborValue } from './cbor.ts'
import {
  chunkIdOf,
  idBytes,
  objectIdOf,
  type ChunkId,
  type ChunkReference,
  type ObjectId,
} from './ids.ts'
import { firstRowFrom, indexRowBytes, rowsOfPacks } from './index-rows.ts'
import { maxChunkBytes } from './limits.ts'
import {
  decodePackHeader,
  decodeSegments,
  encodeSegments,
  type PackKind,
  type SegmentFacts,
} from './pack.ts'

/** What is known of a pack without opening it. */
export interface PackFacts {
  readonly id: ObjectId
  readonly kind: PackKind
  /** 64 bytes as stored. */
  readonly header: Uint8Array
  /** Day of writing, days since 1970. */
  readonly day: number
  readonly segments: readonly SegmentFacts[]
}

export interface IndexedPack extends PackFacts {
  readonly chunks: readonly ChunkReference[]
}

/** An opened index; rows are read from its bytes, no object a chunk. */
export interface IndexView {
  readonly kind: PackKind
  /** Ascending by id. */
  readonly packs: readonly PackFacts[]
  readonly chunkCount: number
  idAt(row: number): ChunkId
  /** The same, 32 bytes: a view. */
  idBytesAt(row: number): Uint8Array
  placeAt(row: number): IndexRow
  /** The first row with this id, or -1; rows with equal ids follow each other. */
  find(id: Uint8Array): number
  /** Whether the row has this id. */
  isAt(row: number, id: Uint8Array): boolean
}

export interface IndexRow {
  /** Ordinal in `packs`. */
  readonly pack: number
  readonly segment: number
  readonly placeBytes: number
  readonly lengthBytes: number
}

/** Payloads stay below this, so that indexes are fetched and merged in parts. */
export const indexPayloadBytes = 16 * 1024 * 1024

const kindCode: Readonly<Record<PackKind, number>> = { data: 1, tree: 2 }

/** The payload for whole packs of one kind. */
export function encodeIndex(
  kind: PackKind,
  packs: readonly IndexedPack[],
): Uint8Array<ArrayBuffer> {
  const sorted = [...packs].sort((a, b) => (a.id < b.id ? -1 : 1))
  return encodeIndexRows(kind, sorted, rowsOfPacks(sorted))
}

/** `packs` ascending by id; `rows` 48 bytes each, in their order. */
export function encodeIndexRows(
  kind: PackKind,
  packs: readonly PackFacts[],
  rows: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const table = packs.map(
    ({ id, header, day, segments }): CborValue =>
      new Map<number, CborValue>([
        [0, idBytes(id)],
        [1, header],
        [2, day],
        [3, encodeSegments(segments)],
      ]),
  )
  return encodeCbor(
    new Map<number, CborValue>([
      [0, kindCode[kind]],
      [1, table],
      [2, rows],
    ]),
  )
}

export function decodeIndex(payload: Uint8Array): IndexView {
  const fields = fieldsOf(decodeCbor(payload), 'an index')
  const code = fields.uint(0)
  const kind = code === 1 ? 'data' : code === 2 ? 'tree' : undefined
  if (kind === undefined) throw malformed('its kind is unknown')
  const packs = fields.array(1).map((pack) => packFrom(pack, kind))
  const rows = fields.bytes(2)
  fields.finish()
  packs.forEach((pack, at) => {
    const before = packs[at - 1]
    if (before !== undefined && before.id >= pack.id) throw malformed('its packs are not in order')
  })
  const view = viewOfRows(kind, packs, rows)
  checkRows(view, rows)
  return view
}

function packFrom(value: CborValue, kind: PackKind): PackFacts {
  const fields = fieldsOf(value, 'a pack of an index')
  const header = fields.bytes(1, 64)
  if (decodePackHeader(header).kind !== kind) throw malformed('a pack is of another kind')
  const pack = {
    id: objectIdOf(fields.bytes(0)),
    kind,
    header,
    day: fields.uint(2),
    segments: decodeSegments(fields.bytes(3)),
  }
  fields.finish()
  return pack
}

function viewOfRows(kind: PackKind, packs: readonly PackFacts[], rows: Uint8Array): IndexView {
  if (rows.length % indexRowBytes !== 0) throw malformed('its rows do not fill their byte string')
  const numbers = viewOf(rows)
  const chunkCount = rows.length / indexRowBytes
  const idBytesAt = (row: number) => rows.subarray(row * indexRowBytes, row * indexRowBytes + 32)
  const isAt = (row: number, id: Uint8Array) =>
    row < chunkCount && compareBytes(idBytesAt(row), id) === 0
  return {
    kind,
    packs,
    chunkCount,
    idAt: (row) => chunkIdOf(idBytesAt(row)),
    idBytesAt,
    isAt,
    placeAt: (row) => ({
      pack: numbers.getUint32(row * indexRowBytes + 32, true),
      segment: numbers.getUint32(row * indexRowBytes + 36, true),
      placeBytes: numbers.getUint32(row * indexRowBytes + 40, true),
      lengthBytes: numbers.getUint32(row * indexRowBytes + 44, true),
    }),
    find: (id) => {
      const row = firstRowFrom(rows, id)
      return isAt(row, id) ? row : -1
    },
  }
}

function checkRows(view: IndexView, rows: Uint8Array): void {
  for (let row = 0; row < view.chunkCount; row++) {
    const { pack, segment, placeBytes, lengthBytes } = view.placeAt(row)
    const rawBytes = view.packs[pack]?.segments[segment]?.rawBytes
    if (rawBytes === undefined || lengthBytes < 1 || lengthBytes > maxChunkBytes) {
      throw malformed('a chunk lies in no segment')
    }
    if (placeBytes + lengthBytes > rawBytes) throw malformed('a chunk reaches beyond its segment')
    if (row > 0 && !isAscending(view, rows, row)) throw malformed('its chunks are not in order')
  }
}

/** By id, then by pack. */
function isAscending(view: IndexView, rows: Uint8Array, row: number): boolean {
  const at = row * indexRowBytes
  const order = compareBytes(rows.subarray(at - indexRowBytes, at - 16), rows.subarray(at, at + 32))
  return order < 0 || (order === 0 && view.placeAt(row - 1).pack < view.placeAt(row).pack)
}

const malformed = (why: string): BackupError =>
  new BackupError('malformed', `Not an index of this format: ${why}.`)
