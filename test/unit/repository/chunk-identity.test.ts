import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { objectIdOf, type ChunkReference } from '../../../src/model/ids.ts'
import { decodeIndex, encodeIndex, type IndexedPack } from '../../../src/model/index-object.ts'
import { createChunkReader, type ChunkReader } from '../../../src/repository/chunk-reader.ts'
import { indexSetOf } from '../../../src/repository/index-set.ts'
import { createTestRepository, type TestRepository } from '../../support/test-repository.ts'

const damaged = expect.objectContaining({ code: 'damaged' }) as Error

/** Two chunks of the same length in one segment of one pack, and what an index would say of it. */
function twoChunks(): { test: TestRepository; pack: IndexedPack; chunks: ChunkReference[] } {
  const test = createTestRepository()
  const chunks = ['one chunk', 'and other'].map((text) => test.add(1, utf8(text)))
  const [written] = test.flush().packs
  if (written === undefined) throw new Error('a pack was written')
  return { test, pack: written.facts, chunks }
}

function readerWith(test: TestRepository, pack: IndexedPack): ChunkReader {
  const view = decodeIndex(encodeIndex('data', [pack]))
  return createChunkReader(
    test.repository,
    indexSetOf(new Map([[objectIdOf(new Uint8Array(32)), view]])),
  )
}

const failuresOf = async (reader: ChunkReader, references: readonly ChunkReference[]) => {
  const failed: string[] = []
  await reader.loadMany(references, {
    use: () => Promise.reject(new Error('handed out')),
    failed: ({ id }, { code }) => Promise.resolve(void failed.push(`${id} ${code}`)),
  })
  return failed.sort()
}

describe('what a pack holds in the place of a chunk', () => {
  it('is handed out when it is the chunk', async () => {
    const { test, pack, chunks } = twoChunks()
    const [one] = chunks
    if (one === undefined) throw new Error('there are two')
    expect(await readerWith(test, pack).load(one, 1)).toEqual(utf8('one chunk'))
  })

  it('is refused when it is another chunk, authentic and of the right length', async () => {
    const { test, pack, chunks } = twoChunks()
    const swapped = readerWith(test, { ...pack, chunks: pack.chunks.toReversed() })
    for (const chunk of chunks) await expect(swapped.load(chunk, 1)).rejects.toThrow(damaged)
    expect(await failuresOf(swapped, chunks)).toEqual(
      chunks.map(({ id }) => `${id} damaged`).sort(),
    )
  })

  it('is refused as a page where it is data', async () => {
    const { test, pack, chunks } = twoChunks()
    const [one] = chunks
    if (one === undefined) throw new Error('there are two')
    await expect(readerWith(test, pack).load(one, 2)).rejects.toThrow(damaged)
  })
})
