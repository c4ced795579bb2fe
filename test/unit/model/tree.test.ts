import { describe, expect, it } from 'vitest'
import { equalBytes, utf8 } from '../../../src/base/bytes.ts'
import type { CborValue } from '../../../src/model/cbor.ts'
import { decodeCbor, encodeCbor } from '../../../src/model/cbor.ts'
import type { ChunkReference } from '../../../src/model/ids.ts'
import { encodeChunkReferences } from '../../../src/model/ids.ts'
import type { EncodedEntry } from '../../../src/model/tree-page.ts'
import { decodeTreePage, writeTreePages } from '../../../src/model/tree-page.ts'
import { decoding, findEntry, readTree } from '../../../src/model/tree-reader.ts'
import { encoded, entryOfSize, fileNamed } from '../../support/entries.ts'
import type { PageStore } from '../../support/page-store.ts'
import { all, chunkOf, createPageStore, splitHash } from '../../support/page-store.ts'

const files = (count: number, from = 0): EncodedEntry[] =>
  Array.from({ length: count }, (_, at) =>
    encoded(fileNamed(`file-${String(from + at).padStart(6, '0')}`)),
  )

const never = () => new Uint8Array(32).fill(0xff)
const always = () => new Uint8Array(32)

/** Ends a leaf after each name, a parent of level 1 after each eighth, higher ones never. */
const byNumber = (name: Uint8Array): Uint8Array => {
  const hash = new Uint8Array(32).fill(0xff)
  const number = Number(Buffer.from(name).toString().slice(-6))
  return number % 8 === 7
    ? hash.fill(0, 0, 2).fill(0xfc, 2, 3)
    : hash.fill(0, 0, 1).fill(0xfe, 1, 2)
}

function write(
  entries: Iterable<EncodedEntry>,
  hash = splitHash,
): { root: ChunkReference; store: PageStore } {
  const store = createPageStore(2)
  return { root: writeTreePages(entries, { splitHash: hash, emit: store.emit }), store }
}

const pageOf = (store: PageStore, reference: ChunkReference) =>
  decodeTreePage(store.pages.get(reference.id) ?? utf8(''))

const namesOf = async (root: ChunkReference, store: PageStore): Promise<string[]> =>
  (await all(readTree(root, store.load))).map(({ name }) => Buffer.from(name).toString())

describe('pages of a tree', () => {
  it('are one leaf without entries for an empty directory', async () => {
    const { root, store } = write([])
    expect(store.pages.get(root.id)).toEqual(Uint8Array.of(0xa2, 0, 0, 1, 0x80))
    expect(await namesOf(root, store)).toEqual([])
  })

  it('are the CBOR of their entries', () => {
    const entries = files(300)
    const { root, store } = write(entries)
    expect([...store.pages.values()]).toEqual([
      encodeCbor(
        new Map<number, CborValue>([
          [0, 0],
          [1, entries.map(({ bytes }) => decodeCbor(bytes))],
        ]),
      ),
    ])
    expect(root.lengthBytes).toBe([...store.pages.values()][0]?.length)
  })

  it('are one up to 262,144 bytes, wherever names would cut', () => {
    const entries = [...Array(8).keys()].map((at) => entryOfSize(`a${at}`, 32_767))
    const more = 262_144 - 5 - 8 * 32_767
    const fits = [...entries.slice(0, 7), entryOfSize('a7', 32_767 + more)]
    const { root, store } = write(fits, always)
    expect([root.lengthBytes, store.pages.size]).toEqual([262_144, 1])
    const tooLong = [...entries.slice(0, 7), entryOfSize('a7', 32_767 + more + 1)]
    expect(write(tooLong, always).store.pages.size).toBe(8 + 1)
    const uncut = write(tooLong, never)
    expect([uncut.root.lengthBytes, uncut.store.pages.size]).toEqual([262_145, 1])
  })

  it('end before an entry that would make them longer than 1,048,576 bytes', () => {
    const entries = [...Array(32).keys()].map((at) =>
      entryOfSize(`a${at + 10}`, 32_768 - (at < 6 ? 1 : 0)),
    )
    const full = write(entries, never)
    expect([full.root.lengthBytes, full.store.pages.size]).toEqual([1_048_576, 1])
    const { root, store } = write([...entries, entryOfSize('a99', 300)], never)
    const page = pageOf(store, root)
    expect(
      'pieces' in page && page.pieces.map(({ firstName }) => Buffer.from(firstName).toString()),
    ).toEqual(['a10', 'a99'])
  })

  it('end after the names whose keyed hash ends in nine zero bits, and nowhere else', async () => {
    const entries = files(6000)
    const { root, store } = write(entries)
    const page = pageOf(store, root)
    const firstNames =
      'pieces' in page ? page.pieces.map(({ firstName }) => Buffer.from(firstName).toString()) : []
    const cuts = entries.flatMap(({ name }, at) => {
      const hash = splitHash(name)
      const after = entries[at + 1]
      const cut = hash[0] === 0 && ((hash[1] ?? 0) & 1) === 0
      return cut && after !== undefined ? [Buffer.from(after.name).toString()] : []
    })
    expect(firstNames).toEqual(['file-000000', ...cuts])
    expect(firstNames.length).toBeGreaterThan(3)
    expect(await namesOf(root, store)).toEqual(
      entries.map(({ name }) => Buffer.from(name).toString()),
    )
  })

  it('stand below parents of as many levels as needed', async () => {
    const entries = files(20_000)
    const { root, store } = write(entries, byNumber)
    expect(pageOf(store, root).level).toBe(2)
    expect(await namesOf(root, store)).toHaveLength(20_000)
    const parents = [...store.pages.values()].map(decodeTreePage).filter((page) => page.level === 1)
    expect(parents.every((page) => 'pieces' in page && page.pieces.length === 8)).toBe(true)
  })

  it('are not written where levels would not end', () => {
    const names = [...Array(70).keys()].map((at) => `${at + 10}`.padEnd(4096, 'a'))
    const entries = names.map((name) => encoded(fileNamed(name)))
    expect(() => write(entries, always)).toThrow('too many levels')
  })

  it('stay the same but for those that an entry comes into', () => {
    const entries = files(20_000)
    const before = write(entries).store.pages
    const added = encoded(fileNamed('file-010000-new'))
    const after = write([...entries.slice(0, 10_001), added, ...entries.slice(10_001)]).store.pages
    expect([...after.keys()].filter((id) => !before.has(id)).length).toBeLessThanOrEqual(3)
  })

  it('are not written from names out of order', () => {
    expect(() => write(files(2).reverse())).toThrow('not in order')
    expect(() => write([...files(1), ...files(1)])).toThrow('not in order')
  })
})

describe('a directory of many pages', () => {
  const entries = files(6000)
  const { root, store } = write(entries)

  it('gives an entry by its name from one page of each level', async () => {
    for (const name of ['file-000000', 'file-003000', 'file-005999']) {
      store.loaded.length = 0
      const entry = await findEntry(root, utf8(name), decoding(store.load))
      expect(entry?.name).toEqual(utf8(name))
      expect(store.loaded).toHaveLength(2)
    }
  })

  it('gives nothing for a name that is not there', async () => {
    for (const name of ['a', 'file-003000x', 'z']) {
      expect(await findEntry(root, utf8(name), decoding(store.load))).toBeUndefined()
    }
  })
})

describe('a page of a tree', () => {
  const page = (
    level: number,
    items: readonly CborValue[],
    more: readonly [number, CborValue][] = [],
  ) => encodeCbor(new Map<number, CborValue>([[0, level], [1, items], ...more]))
  const entry = (name: string) => decodeCbor(encoded(fileNamed(name)).bytes)
  const piece = (name: string, lengthBytes = 100): CborValue => [
    utf8(name),
    encodeChunkReferences([chunkOf(name, lengthBytes)]),
  ]

  it.each<[string, Uint8Array]>([
    ['entries out of order', page(0, [entry('b'), entry('a')])],
    ['an entry twice', page(0, [entry('a'), entry('a')])],
    [
      'a root entry',
      page(0, [
        new Map<number, CborValue>([
          [0, utf8('')],
          [1, 2],
          [3, 0],
          [12, new Uint8Array(36).fill(1)],
        ]),
      ]),
    ],
    ['a number as entry', page(0, [1])],
    ['pieces in a leaf', page(0, [piece('a')])],
    ['entries in a parent', page(1, [entry('a')])],
    ['a parent without pieces', page(1, [])],
    ['pieces out of order', page(1, [piece('b'), piece('a')])],
    ['a piece twice', page(1, [piece('a'), piece('a')])],
    ['a piece with a bad name', page(1, [piece('a/b')])],
    ['a piece over 1 MiB', page(1, [piece('a', 1_048_577)])],
    ['a piece of two references', page(1, [[utf8('a'), new Uint8Array(72).fill(1)]])],
    ['a piece of three parts', page(1, [[utf8('a'), new Uint8Array(36).fill(1), 0]])],
    ['level 16', page(16, [piece('a')])],
    ['another key', page(0, [], [[2, 0]])],
    ['no items', encodeCbor(new Map([[0, 0]]))],
    ['an array', encodeCbor([])],
    ['an indefinite array', Uint8Array.of(0xa2, 0, 0, 1, 0x9f, 0xff)],
    ['an indefinite map', Uint8Array.of(0xbf, 0, 0, 1, 0x80, 0xff)],
    ['keys in the wrong order', Uint8Array.of(0xa2, 1, 0x80, 0, 0)],
    ['a level longer than needed', Uint8Array.of(0xa2, 0, 0x18, 0, 1, 0x80)],
    ['more entries than bytes', Uint8Array.of(0xa2, 0, 0, 1, 0x9b, 0, 0, 0, 1, 0, 0, 0, 0)],
    ['a byte behind it', Uint8Array.of(0xa2, 0, 0, 1, 0x80, 0)],
    ['nothing', utf8('')],
    [
      'more than 1 MiB',
      page(
        0,
        [...Array(33).keys()].map((at) => decodeCbor(entryOfSize(`a${at + 10}`, 32_767).bytes)),
      ),
    ],
  ])('made of %s is refused', (_, bytes) => {
    expect(() => decodeTreePage(bytes)).toThrow(expect.objectContaining({ code: 'malformed' }))
  })
})

describe('pages that contradict each other', () => {
  const store = createPageStore(2)
  const leaf = (...names: string[]) =>
    store.emit(
      encodeCbor(
        new Map<number, CborValue>([
          [0, 0],
          [1, names.map((name) => decodeCbor(encoded(fileNamed(name)).bytes))],
        ]),
      ),
    )
  const parent = (level: number, ...pieces: [string, ChunkReference][]) =>
    store.emit(
      encodeCbor(
        new Map<number, CborValue>([
          [0, level],
          [1, pieces.map(([name, reference]) => [utf8(name), encodeChunkReferences([reference])])],
        ]),
      ),
    )

  it.each<[string, ChunkReference]>([
    ['a root of one piece', parent(1, ['a', leaf('a')])],
    ['another first name', parent(1, ['a', leaf('a')], ['c', leaf('d')])],
    ['a level too low', parent(2, ['a', leaf('a')], ['b', leaf('b')])],
    ['a level too high', parent(1, ['a', parent(1, ['a', leaf('a')])], ['b', leaf('b')])],
    ['an empty leaf below', parent(1, ['a', leaf()], ['b', leaf('b')])],
    ['names that overlap', parent(1, ['a', leaf('a', 'c')], ['b', leaf('b')])],
  ])('are refused: %s', async (_, root) => {
    await expect(all(readTree(root, store.load))).rejects.toMatchObject({ code: 'malformed' })
  })

  it('are read where they do not', async () => {
    const root = parent(1, ['a', leaf('a', 'b')], ['c', leaf('c')])
    expect(await namesOf(root, store)).toEqual(['a', 'b', 'c'])
    const { bytes } = encoded(fileNamed('c'))
    const found = await findEntry(root, utf8('c'), decoding(store.load))
    expect(found !== undefined && equalBytes(encoded(found).bytes, bytes)).toBe(true)
  })
})
