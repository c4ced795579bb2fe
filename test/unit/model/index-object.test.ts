import { describe, expect, it } from 'vitest'
import { concatBytes, fromHex, u32, u8 } from '../../../src/base/bytes.ts'
import type { CborValue } from '../../../src/model/cbor.ts'
import { chunkIdOf, idBytes } from '../../../src/model/ids.ts'
import { mergeIndexes } from '../../../src/model/index-merge.ts'
import {
  decodeIndex,
  encodeIndex,
  encodeIndexRows,
  type IndexView,
} from '../../../src/model/index-object.ts'
import { encodePackHeader, encodeSegments } from '../../../src/model/pack.ts'
import { allCut, refusalOf, refusalsOf } from '../../support/damaged.ts'
import { editedMap, keysOf } from '../../support/edited-map.ts'
import { expectVectors } from '../../support/vectors.ts'
import { labelled, manyChunks, packOf } from './sample-packs.ts'

const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((label, at) => labelled(label, 100 + at))
if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error()

const one = packOf('pack one', [[a, b], [c]])
const two = packOf('pack two', [[a], [d, b]])
const pages = packOf('pages', [[labelled('page', 5)]], 'tree')
const payload = encodeIndex('data', [two, one])
const [lower, upper] = one.id < two.id ? [one, two] : [two, one]

/** Everything that an index says, by row. */
const rowsOf = (view: IndexView) =>
  Array.from({ length: view.chunkCount }, (_, row) => ({
    id: view.idAt(row),
    ...view.placeAt(row),
  }))

interface Row {
  readonly id: Uint8Array
  readonly pack?: number
  readonly segment?: number
  readonly place?: number
  readonly length?: number
}

const rowBytes = ({ id, pack = 0, segment = 0, place = 0, length = 100 }: Row): Uint8Array =>
  concatBytes(id, u32(pack), u32(segment), u32(place), u32(length))

/** An index of the two packs, ascending, whose rows are as given. */
const withRows = (...rows: readonly Row[]): Uint8Array =>
  encodeIndexRows('data', [lower, upper], concatBytes(...rows.map(rowBytes)))

const filled = (value: number): Uint8Array => new Uint8Array(32).fill(value)
const good: Row = { id: filled(1) }

const packMap = (...changes: readonly (readonly [number, CborValue])[]): CborValue =>
  new Map<number, CborValue>([
    [0, idBytes(lower.id)],
    [1, lower.header],
    [2, lower.day],
    [3, encodeSegments(lower.segments)],
    ...changes,
  ])
const withPack = (...changes: readonly (readonly [number, CborValue])[]): Uint8Array =>
  editedMap(payload, [1, [packMap(...changes)]], [2, rowBytes(good)])

const refused: Readonly<Record<string, Uint8Array>> = {
  'an unknown kind': editedMap(payload, [0, 3]),
  'an unknown field': editedMap(payload, [3, 0]),
  'packs that descend': encodeIndexRows('data', [upper, lower], new Uint8Array(0)),
  'a pack twice': encodeIndexRows('data', [lower, lower], new Uint8Array(0)),
  'a pack of another kind': encodeIndexRows('data', [pages], new Uint8Array(0)),
  'a pack id of 31 bytes': withPack([0, new Uint8Array(31)]),
  'a pack header of 63 bytes': withPack([1, lower.header.subarray(1)]),
  'a pack header that is none': withPack([1, new Uint8Array(64)]),
  'a pack without segments': withPack([3, new Uint8Array(0)]),
  'half a segment': withPack([3, new Uint8Array(5)]),
  'an unknown field of a pack': withPack([4, 0]),
  'a negative day': withPack([2, -1]),
  'chunks that descend': withRows({ id: filled(2) }, { id: filled(1) }),
  'a chunk twice in one pack': withRows(good, good),
  'a chunk twice in one pack, at two places': withRows(good, { ...good, place: 1, length: 1 }),
  'the packs of a chunk in descending order': withRows({ ...good, pack: 1 }, good),
  'a chunk in a pack that is not there': withRows({ ...good, pack: 2 }),
  'a chunk in a segment that is not there': withRows({ ...good, segment: 2 }),
  'a chunk that ends behind its segment': withRows({ ...good, place: 200 }),
  'a chunk whose end is beyond 2^32': withRows({ ...good, place: 0xffff_ffff }),
  'a chunk of no bytes': withRows({ ...good, length: 0 }),
  'a chunk of more than 8 MiB': withRows({ ...good, length: 8_388_609 }),
  'half a row': encodeIndexRows('data', [lower, upper], rowBytes(good).subarray(1)),
}

it('indexes are those of the vectors', () => {
  const first = decodeIndex(encodeIndex('data', [one]))
  const second = decodeIndex(encodeIndex('data', [two]))
  expectVectors('index-object', {
    about:
      'Payloads of indexes (docs/format.md 5.2). Byte strings are hexadecimal; a pack lists its segments with their chunks.',
    indexes: [
      { kind: 'data', packs: [one], payload: encodeIndex('data', [one]) },
      { kind: 'data', packs: [two], payload: encodeIndex('data', [two]) },
      { kind: 'data', packs: [lower, upper], payload },
      { kind: 'tree', packs: [pages], payload: encodeIndex('tree', [pages]) },
    ],
    merged: {
      about: 'the first two as one, and again without the first pack',
      both: mergeIndexes('data', [first, second], () => true),
      second: mergeIndexes('data', [first, second], (id) => id !== one.id),
    },
    refused: Object.entries(refused).map(([about, bytes]) => ({ about, payload: bytes })),
  })
})

describe('an index', () => {
  const view = decodeIndex(payload)

  it('says of each chunk all packs, segments and places that hold it', () => {
    const places = rowsOf(view).map(({ pack, ...row }) => ({ ...row, pack: view.packs[pack]?.id }))
    const expected = [
      { id: a.id, pack: one.id, segment: 0, placeBytes: 0, lengthBytes: 100 },
      { id: b.id, pack: one.id, segment: 0, placeBytes: 100, lengthBytes: 101 },
      { id: c.id, pack: one.id, segment: 1, placeBytes: 0, lengthBytes: 102 },
      { id: a.id, pack: two.id, segment: 0, placeBytes: 0, lengthBytes: 100 },
      { id: d.id, pack: two.id, segment: 1, placeBytes: 0, lengthBytes: 103 },
      { id: b.id, pack: two.id, segment: 1, placeBytes: 103, lengthBytes: 101 },
    ]
    const key = (row: (typeof expected)[number]) => `${row.id} ${row.pack}`
    expect(places).toEqual(expected.toSorted((x, y) => (key(x) < key(y) ? -1 : 1)))
  })

  it('finds the first row of an id, and no row of another', () => {
    const ids = rowsOf(view).map(({ id }) => id)
    for (const { id } of [a, b, c, d]) {
      const row = view.find(idBytes(id))
      expect(row).toBe(ids.indexOf(id))
      expect(view.isAt(row, idBytes(id))).toBe(true)
    }
    for (const other of [filled(0), filled(0xff), idBytes(labelled('e', 1).id)]) {
      expect(view.find(other)).toBe(-1)
    }
    expect(view.isAt(view.chunkCount, idBytes(a.id))).toBe(false)
  })

  it('orders ids that differ in their last bytes only, and names once what a pack holds twice', () => {
    const alike = [3, 255, 1, 2, 128, 1].map((last) => {
      const bytes = new Uint8Array(32).fill(7)
      bytes[31] = last
      return { id: chunkIdOf(bytes), lengthBytes: 10 }
    })
    const view = decodeIndex(encodeIndex('data', [packOf('alike', [alike]), one]))
    const lastBytes = rowsOf(view).flatMap(({ id }) => (id.startsWith('07') ? [id.slice(-2)] : []))
    expect(lastBytes).toEqual(['01', '02', '03', '80', 'ff'])
  })

  it('knows its packs as they were, ascending by id', () => {
    const facts = [lower, upper].map((pack) => ({ ...pack, chunks: undefined }))
    expect(view.packs).toEqual(facts)
    expect(view.kind).toBe('data')
    expect(decodeIndex(encodeIndex('tree', [pages])).kind).toBe('tree')
  })

  it('is the same whatever order the packs are given in', () => {
    expect(encodeIndex('data', [one, two])).toEqual(payload)
  })

  it.each(Object.entries(refused))('is refused with %s', (_, bytes) => {
    expect(refusalOf(() => decodeIndex(bytes))).toBe('malformed')
  })

  it('is not refused for the rows that the others are edited from', () => {
    expect(decodeIndex(withRows(good)).chunkCount).toBe(1)
    expect(decodeIndex(withPack()).chunkCount).toBe(1)
    expect(decodeIndex(withRows(good, { ...good, pack: 1 })).chunkCount).toBe(2)
  })

  it.each(keysOf(payload))('is refused without field %i', (key) => {
    expect(refusalOf(() => decodeIndex(editedMap(payload, [key, undefined])))).toBe('malformed')
  })

  it('is refused when cut off or longer', () => {
    expect(refusalsOf(allCut(payload), decodeIndex)).toEqual(['malformed'])
    expect(refusalOf(() => decodeIndex(concatBytes(payload, u8(0))))).toBe('malformed')
  })

  it('with a pack of a later version is for a newer program', () => {
    const header = Uint8Array.from(lower.header)
    header[8] = 2
    expect(refusalOf(() => decodeIndex(withPack([1, header])))).toBe('unsupported-format')
  })

  it('with a pack header of another length of directory is refused', () => {
    const salt = new Uint8Array(32)
    const header = encodePackHeader({ kind: 'data', epoch: 0, directoryBytes: 4_097, salt })
    expect(refusalOf(() => decodeIndex(withPack([1, header])))).toBe('malformed')
  })

  it('of 150,000 chunks is read as what it was', () => {
    const packs = [1, 2, 3, 4, 5].map((seed) => packOf(`pack ${seed}`, [manyChunks(seed, 30_000)]))
    const large = decodeIndex(encodeIndex('data', packs))
    expect(large.chunkCount).toBe(150_000)
    const last = packs[4]?.chunks[29_999] ?? a
    const { pack, placeBytes } = large.placeAt(large.find(idBytes(last.id)))
    expect([large.packs[pack]?.id, placeBytes]).toEqual([packs[4]?.id, 29_999])
    for (let row = 0; row < large.chunkCount; row += 97) {
      const id = large.idBytesAt(row).slice()
      expect(large.find(id)).toBe(row)
      id[31] = (id[31] ?? 0) ^ 1
      expect(large.find(id)).toBe(-1)
    }
    for (const value of [0, 255]) expect(large.find(filled(value))).toBe(-1)
  })

  it('is not believed when it promises more than it holds', () => {
    const huge = fromHex('a30001019affffffff0240') ?? u8(0)
    expect(refusalOf(() => decodeIndex(huge))).toBe('malformed')
  })
})
