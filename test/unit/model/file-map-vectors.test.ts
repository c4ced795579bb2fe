import { expect, it } from 'vitest'
import { compareBytes, u32, utf8 } from '../../../src/base/bytes.ts'
import { sha256 } from '../../../src/base/hash.ts'
import { decodeFileMapPage, readFileMap, writeFileMap } from '../../../src/model/file-map.ts'
import type { ChunkReference } from '../../../src/model/ids.ts'
import { chunkIdOf, idBytes } from '../../../src/model/ids.ts'
import { all, createPageStore, idKey } from '../../support/page-store.ts'
import { expectVectors } from '../../support/vectors.ts'

const chunks = (count: number, cleared = false): ChunkReference[] =>
  Array.from({ length: count }, (_, number) => {
    const id = sha256(u32(number))
    if (cleared) id.set([0, (id[1] ?? 0) & 0xfe])
    return { id: chunkIdOf(id), lengthBytes: 1 + (number % 1000) }
  })

const store = createPageStore(3)

function written(references: readonly ChunkReference[]) {
  store.pages.clear()
  const root = writeFileMap(references, store.emit)
  const pages = [...store.pages].map(([id, bytes]) => {
    const page = decodeFileMapPage(bytes)
    const items = 'pieces' in page ? page.pieces : page.references
    return { id, level: page.level, items: items.length, lengthBytes: bytes.length }
  })
  return {
    chunks: references.length,
    sizeBytes: references.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0),
    root,
    rootBytes: store.pages.get(root.id) ?? utf8(''),
    pages: pages.length,
    parents: pages.filter((page) => page.level > 0),
    sha256OfSortedIds: sha256(...pages.map(({ id }) => idBytes(id)).toSorted(compareBytes)),
  }
}

it('file maps are those of the vectors, and read as what they were', async () => {
  expectVectors('file-map', {
    about:
      'Pages of file maps (docs/format.md 7.4). Chunk i, from 0, has the id SHA-256(u32 i) and the length 1 + i mod 1000. Ids of pages are HMAC(kId, 03 ‖ page). Parents are listed; the sum is over the ids of all pages, ascending.',
    kId: idKey,
    maps: [
      { about: 'one leaf', ...written(chunks(65)) },
      { about: 'many leaves', ...written(chunks(20_000)) },
      {
        about: 'bits 0..8 of each id are cleared: a leaf for each chunk, and parents of two levels',
        ...written(chunks(8_000, true)),
      },
    ],
  })
  const references = chunks(8_000, true)
  const { root, sizeBytes } = written(references)
  expect(await all(readFileMap({ map: root, sizeBytes }, store.load))).toEqual(references)
})
