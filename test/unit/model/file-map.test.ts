import { describe, expect, it } from 'vitest'
import { concatBytes, u64, utf8 } from '../../../src/base/bytes.ts'
import type { CborValue } from '../../../src/model/cbor.ts'
import { encodeCbor } from '../../../src/model/cbor.ts'
import { decodeFileMapPage, readFileMap, writeFileMap } from '../../../src/model/file-map.ts'
import type { ChunkReference } from '../../../src/model/ids.ts'
import { encodeChunkReferences, idBytes } from '../../../src/model/ids.ts'
import { all, chunkOf, createPageStore } from '../../support/page-store.ts'

const chunks = (count: number): ChunkReference[] =>
  Array.from({ length: count }, (_, at) => chunkOf(`chunk ${at}`, 1 + at))

const sizeOf = (references: readonly ChunkReference[]): number =>
  references.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0)

function write(references: readonly ChunkReference[]) {
  const store = createPageStore(3)
  return { store, map: writeFileMap(references, store.emit), sizeBytes: sizeOf(references) }
}

const page = (level: number, items: Uint8Array): Uint8Array =>
  encodeCbor(
    new Map<number, CborValue>([
      [0, level],
      [1, items],
    ]),
  )

describe('a file map', () => {
  it('of 65 chunks is one leaf', async () => {
    const { store, ...file } = write(chunks(65))
    expect([...store.pages.values()]).toEqual([page(0, encodeChunkReferences(chunks(65)))])
    expect(await all(readFileMap(file, store.load))).toEqual(chunks(65))
  })

  it('of 64 chunks is not written', () => {
    expect(() => write(chunks(64))).toThrow('too few')
  })

  it('is one page up to 262,144 bytes', () => {
    const most = Math.floor((262_144 - 9) / 36)
    expect(write(chunks(most)).store.pages.size).toBe(1)
    expect(write(chunks(most + 1)).store.pages.size).toBeGreaterThan(1)
  })

  it('of many chunks ends its leaves after the ids that end in nine zero bits', async () => {
    const references = chunks(20_000)
    const { store, ...file } = write(references)
    const root = decodeFileMapPage(store.pages.get(file.map.id) ?? utf8(''))
    const cuts = references.flatMap(({ id }, at) => {
      const [low = 1, high = 1] = idBytes(id)
      return low === 0 && (high & 1) === 0 && at + 1 < references.length ? [at + 1] : []
    })
    const bounds = [0, ...cuts, references.length]
    const sizes = bounds.slice(1).map((end, at) => sizeOf(references.slice(bounds[at], end)))
    expect('pieces' in root && root.pieces.map(({ fileBytes }) => fileBytes)).toEqual(sizes)
    expect(await all(readFileMap(file, store.load))).toEqual(references)
  })

  it('keeps all pages but few where chunks come into the middle', () => {
    const references = chunks(20_000)
    const before = write(references).store.pages
    const added = [chunkOf('new', 9), chunkOf('newer', 9)]
    const after = write([...references.slice(0, 9_000), ...added, ...references.slice(9_000)]).store
      .pages
    expect([...after.keys()].filter((id) => !before.has(id)).length).toBeLessThanOrEqual(3)
  })

  it.each<[string, Uint8Array]>([
    ['no references', page(0, utf8(''))],
    ['half a reference', page(0, new Uint8Array(18).fill(1))],
    ['a chunk of no bytes', page(0, encodeChunkReferences([chunkOf('a', 0)]))],
    ['a chunk over 8 MiB', page(0, encodeChunkReferences([chunkOf('a', 8_388_609)]))],
    ['a parent without pieces', page(1, utf8(''))],
    ['a piece without its length', page(1, encodeChunkReferences([chunkOf('a', 1)]))],
    ['a piece of no bytes', page(1, concatBytes(encodeChunkReferences([chunkOf('a', 1)]), u64(0)))],
    [
      'a piece of 2^53 bytes',
      page(1, concatBytes(encodeChunkReferences([chunkOf('a', 1)]), u64(2 ** 53))),
    ],
    [
      'a piece over 1 MiB',
      page(1, concatBytes(encodeChunkReferences([chunkOf('a', 1_048_577)]), u64(9))),
    ],
    ['level 16', page(16, concatBytes(encodeChunkReferences([chunkOf('a', 9)]), u64(9)))],
    [
      'another key',
      encodeCbor(
        new Map<number, CborValue>([
          [0, 0],
          [2, new Uint8Array(36).fill(1)],
        ]),
      ),
    ],
    ['an indefinite byte string', Uint8Array.of(0xa2, 0, 0, 1, 0x5f, 0xff)],
    ['a byte behind it', concatBytes(page(0, encodeChunkReferences(chunks(65))), utf8('a'))],
    [
      'more than 1 MiB',
      page(0, encodeChunkReferences(Array.from({ length: 29_128 }, () => chunkOf('a', 1)))),
    ],
  ])('whose page is made of %s is refused', (_, bytes) => {
    expect(() => decodeFileMapPage(bytes)).toThrow(expect.objectContaining({ code: 'malformed' }))
  })
})

describe('pages of a file map that contradict each other', () => {
  const store = createPageStore(3)
  const leaf = (count: number) => store.emit(page(0, encodeChunkReferences(chunks(count))))
  const parent = (level: number, ...pieces: [ChunkReference, number][]) =>
    store.emit(
      page(
        level,
        concatBytes(
          ...pieces.map(([reference, bytes]) =>
            concatBytes(encodeChunkReferences([reference]), u64(bytes)),
          ),
        ),
      ),
    )
  const forty = sizeOf(chunks(40))

  it.each<[string, ChunkReference, number]>([
    ['another size', leaf(65), sizeOf(chunks(65)) - 1],
    ['64 chunks', leaf(64), sizeOf(chunks(64))],
    ['a root of one piece', parent(1, [leaf(80), sizeOf(chunks(80))]), sizeOf(chunks(80))],
    ['pieces of another sum', parent(1, [leaf(40), forty], [leaf(40), forty]), 2 * forty - 1],
    ['a piece of another sum', parent(1, [leaf(40), forty - 1], [leaf(40), forty + 1]), 2 * forty],
    ['a level too low', parent(2, [leaf(40), forty], [leaf(40), forty]), 2 * forty],
  ])('are refused: %s', async (_, map, sizeBytes) => {
    await expect(all(readFileMap({ map, sizeBytes }, store.load))).rejects.toMatchObject({
      code: 'malformed',
    })
  })

  it('are read where they do not', async () => {
    const map = parent(1, [leaf(40), forty], [leaf(40), forty])
    const references = await all(readFileMap({ map, sizeBytes: 2 * forty }, store.load))
    expect(references).toEqual([...chunks(40), ...chunks(40)])
  })
})
