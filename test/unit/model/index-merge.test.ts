import { describe, expect, it } from 'vitest'
import { compareBytes } from '../../../src/base/bytes.ts'
import { idBytes, objectIdOf, type ObjectId } from '../../../src/model/ids.ts'
import { indexesToMerge, mergeCount, mergeIndexes } from '../../../src/model/index-merge.ts'
import {
  decodeIndex,
  encodeIndex,
  indexPayloadBytes,
  type IndexedPack,
  type IndexView,
} from '../../../src/model/index-object.ts'
import { indexRowBytes } from '../../../src/model/index-rows.ts'
import { labelled, manyChunks, packOf } from './sample-packs.ts'

const viewOf = (...packs: readonly IndexedPack[]): IndexView =>
  decodeIndex(encodeIndex(packs[0]?.kind ?? 'data', packs))

/** Every place of every chunk, as text, ascending. */
const placesOf = (views: readonly IndexView[]): string[] =>
  views
    .flatMap((view) =>
      Array.from({ length: view.chunkCount }, (_, row) => {
        const { pack, segment, placeBytes, lengthBytes } = view.placeAt(row)
        return [view.idAt(row), view.packs[pack]?.id, segment, placeBytes, lengthBytes].join(' ')
      }),
    )
    .sort()

const [a, b, c] = ['a', 'b', 'c'].map((label) => labelled(label, 10))
if (a === undefined || b === undefined || c === undefined) throw new Error()

const first = packOf('first', [[a, b], [c]])
const second = packOf('second', [[b], [a, c]])
const third = packOf('third', [[c]])
const all = () => true

/** A view with so many chunks and nothing else, for what only counts. */
const sized = (kind: 'data' | 'tree', chunkCount: number): IndexView => ({
  ...viewOf(packOf('any', [[a]], kind)),
  chunkCount,
})
const named = (views: readonly IndexView[]): Map<ObjectId, IndexView> =>
  new Map(views.map((view, at) => [objectIdOf(new Uint8Array(32).fill(at + 1)), view]))

describe('merged indexes', () => {
  it('say what the single ones said', () => {
    const views = [viewOf(first, third), viewOf(second)]
    const merged = mergeIndexes('data', views, all).map(decodeIndex)
    expect(merged).toHaveLength(1)
    expect(placesOf(merged)).toEqual(placesOf(views))
    expect(merged[0]?.packs.map(({ id }) => id)).toEqual(
      [first, second, third].map(({ id }) => id).sort(),
    )
  })

  it('are what one index of all packs would have been', () => {
    const [payload] = mergeIndexes('data', [viewOf(third), viewOf(second), viewOf(first)], all)
    expect(payload).toEqual(encodeIndex('data', [first, second, third]))
  })

  it('do not depend on the order of the single ones', () => {
    const views = [viewOf(first), viewOf(second), viewOf(third)]
    expect(mergeIndexes('data', views.toReversed(), all)).toEqual(mergeIndexes('data', views, all))
  })

  it('name once what several name', () => {
    const merged = mergeIndexes('data', [viewOf(first), viewOf(first, second)], all)
    expect(merged).toEqual([encodeIndex('data', [first, second])])
  })

  it('leave out packs that are gone', () => {
    const merged = mergeIndexes('data', [viewOf(first, second, third)], (id) => id !== second.id)
    expect(merged).toEqual([encodeIndex('data', [first, third])])
    expect(mergeIndexes('data', [viewOf(first)], () => false)).toEqual([])
  })

  it('are cut by id where they get too large, each with the packs that it needs', () => {
    const rowsEach = Math.floor(indexPayloadBytes / indexRowBytes)
    const perPack = 30_000
    const packs = Array.from({ length: Math.ceil((rowsEach + 1) / perPack) }, (_, seed) =>
      packOf(`pack ${seed}`, [manyChunks(seed, perPack)]),
    )
    const last = packOf('one more', [[labelled('one more', 1)]])
    const views = [...packs, last].map((pack) => viewOf(pack))
    const merged = mergeIndexes('data', views, all).map(decodeIndex)
    expect(merged.map(({ chunkCount }) => chunkCount)).toEqual([
      rowsEach,
      packs.length * perPack + 1 - rowsEach,
    ])
    const [one, two] = merged
    const lastOfOne = idBytes(one?.idAt(rowsEach - 1) ?? a.id)
    expect(compareBytes(lastOfOne, idBytes(two?.idAt(0) ?? a.id))).toBe(-1)
    for (const view of merged) {
      const used = new Set(
        Array.from({ length: view.chunkCount }, (_, row) => view.placeAt(row).pack),
      )
      expect(used.size).toBe(view.packs.length)
    }
  })
})

describe('the choice of what to merge', () => {
  it('waits for 16 of one size and kind', () => {
    const few = Array.from({ length: mergeCount - 1 }, () => sized('data', 10))
    expect(indexesToMerge(named([...few, sized('tree', 10)]), 'data')).toEqual([])
    expect(indexesToMerge(named([...few, sized('data', 5_461)]), 'data')).toEqual([])
    expect(indexesToMerge(named([...few, sized('data', 5_460)]), 'data')).toHaveLength(16)
  })

  it('takes all of the smallest size that has enough of them', () => {
    const small = Array.from({ length: 20 }, () => sized('data', 1))
    const medium = Array.from({ length: 16 }, () => sized('data', 87_380))
    const indexes = named([...medium, ...small, sized('tree', 1)])
    const ids = [...indexes.keys()]
    expect(indexesToMerge(indexes, 'data')).toEqual(ids.slice(16, 36))
    expect(indexesToMerge(named(medium), 'data')).toHaveLength(16)
  })

  it('never takes the largest', () => {
    const large = Array.from({ length: 40 }, () => sized('data', 87_381))
    expect(indexesToMerge(named(large), 'data')).toEqual([])
  })
})
