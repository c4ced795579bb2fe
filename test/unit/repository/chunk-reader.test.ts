import { describe, expect, it } from 'vitest'
import { BackupError } from '../../../src/base/errors.ts'
import { createChunkReader, type ChunkReader } from '../../../src/repository/chunk-reader.ts'
import { loadIndexSet } from '../../../src/repository/index-set.ts'
import type { ChunkReference } from '../../../src/model/ids.ts'
import { createTestRepository, type TestRepository } from '../../support/test-repository.ts'
import { pseudoRandomBytes } from '../../support/pseudo-random.ts'

/** The fake's requests since the last call. */
const taken = (test: TestRepository): string[] => test.vault.requests.splice(0)

async function readerOf(test: TestRepository, options = {}): Promise<ChunkReader> {
  const { indexes } = test.flush()
  const set = await loadIndexSet(
    test.repository,
    indexes.map((index) => index.id),
  )
  taken(test)
  return createChunkReader(test.repository, set, options)
}

/** Chunks of 10,000 bytes that do not compress. */
const chunksIn = (test: TestRepository, count: number, from = 0): ChunkReference[] =>
  Array.from({ length: count }, (_, at) => test.add(1, pseudoRandomBytes(`${from + at}`, 10_000)))

async function loadAll(reader: ChunkReader, references: readonly ChunkReference[]) {
  const got = new Map<string, Uint8Array>()
  const failed = new Map<string, BackupError>()
  let most = 0
  let now = 0
  await reader.loadMany(references, {
    use: async (reference, plaintext) => {
      most = Math.max(most, ++now)
      await Promise.resolve()
      expect(got.has(reference.id)).toBe(false)
      got.set(reference.id, plaintext.slice())
      now--
    },
    failed: (reference, error) => {
      failed.set(reference.id, error)
      return Promise.resolve()
    },
  })
  return { got, failed, most }
}

describe('a chunk reader', () => {
  it('loads a chunk with a range on a grid of 128 KiB', async () => {
    const test = createTestRepository({ segmentBytes: 20_000 })
    const references = chunksIn(test, 300)
    const reader = await readerOf(test)
    const wanted = references[150]
    if (wanted === undefined) throw new Error('none')
    const bytes = await reader.load(wanted, 1)
    expect(Buffer.from(bytes).equals(pseudoRandomBytes('150', 10_000))).toBe(true)
    const [request = '', ...more] = taken(test)
    const [, start, end] = /^range \S+ (\d+)-(\d+)$/.exec(request) ?? []
    expect(more).toEqual([])
    expect(Number(start) % 131_072).toBe(0)
    expect(Number(end) % 131_072).toBe(0)
    expect(Number(end)).toBeGreaterThan(Number(start))
  })

  it('asks once for what several wait for, and not again for what it has just read', async () => {
    const test = createTestRepository({ segmentBytes: 20_000 })
    const references = chunksIn(test, 300)
    const reader = await readerOf(test)
    const near = references.slice(100, 102)
    await Promise.all([...near, ...near].map((reference) => reader.load(reference, 1)))
    await Promise.all(near.map((reference) => reader.load(reference, 1)))
    expect(taken(test).length).toBe(1)
  })

  it('reads in one go where a quarter of the pack is wanted', async () => {
    const test = createTestRepository({ segmentBytes: 20_000 })
    const references = chunksIn(test, 300)
    const reader = await readerOf(test, { cacheBytes: 0 })
    const { got } = await loadAll(reader, references.slice(0, 100))
    expect(got.size).toBe(100)
    expect(taken(test)).toEqual([expect.stringMatching(/^range \S+ 0-\d{7}$/)])
  })

  it('reads few chunks in a few merged ranges', async () => {
    const test = createTestRepository({ segmentBytes: 20_000 })
    const references = chunksIn(test, 600)
    const reader = await readerOf(test)
    await loadAll(reader, [...references.slice(10, 30), ...references.slice(300, 320)])
    expect(taken(test).length).toBe(2)
    expect(reader.bytesFetched).toBeLessThan(1_000_000)
  })

  it('hands out each chunk of many packs once, a bounded number at a time', async () => {
    const test = createTestRepository()
    const references = chunksIn(test, 3500)
    const reader = await readerOf(test)
    const { got, failed, most } = await loadAll(reader, [...references, ...references])
    expect(got.size).toBe(3500)
    expect(failed.size).toBe(0)
    expect(most).toBeLessThanOrEqual(32)
    expect(taken(test).length).toBeLessThanOrEqual(24)
    for (const [at, { id }] of references.entries()) {
      expect(got.get(id)?.length).toBe(10_000)
      if (at % 500 === 0) {
        expect(Buffer.from(got.get(id) ?? []).equals(pseudoRandomBytes(`${at}`, 10_000))).toBe(true)
      }
    }
  })

  it('tries the next place when one is gone', async () => {
    const test = createTestRepository()
    const [reference] = chunksIn(test, 1)
    const first = test.flush()
    test.forget()
    chunksIn(test, 1)
    const second = test.flush()
    const ids = [...first.indexes, ...second.indexes].map((index) => index.id)
    const reader = createChunkReader(test.repository, await loadIndexSet(test.repository, ids))
    test.vault.stored.delete(first.packs[0]?.facts.id as never)
    if (reference === undefined) throw new Error('none')
    expect((await reader.load(reference, 1)).length).toBe(10_000)
    expect((await loadAll(reader, [reference])).got.size).toBe(1)
  })

  it('reads the whole object when a range was damaged, and is answered from the second copy', async () => {
    const test = createTestRepository({ segmentBytes: 20_000 })
    const references = chunksIn(test, 300)
    const reader = await readerOf(test)
    const [reference] = references
    if (reference === undefined) throw new Error('none')
    const { pack, middle } = test.placeOf(reference.id)
    test.vault.secondCopies.set(pack, test.vault.stored.get(pack)?.bytes ?? new Uint8Array(0))
    test.vault.flip(pack, middle)
    expect((await reader.load(reference, 1)).length).toBe(10_000)
    expect(taken(test).map((request) => request.split(' ')[0])).toEqual(['range', 'object'])
  })

  it('keeps the good segments of a damaged pack, and names chunk and pack of the bad one', async () => {
    const test = createTestRepository({ segmentBytes: 20_000 })
    const references = chunksIn(test, 300)
    const reader = await readerOf(test)
    const bad = references[7]
    if (bad === undefined) throw new Error('none')
    const { pack, middle } = test.placeOf(bad.id)
    test.vault.flip(pack, middle)
    const { got, failed } = await loadAll(reader, references)
    expect(got.size).toBe(298)
    expect([...failed.keys()]).toContain(bad.id)
    const error = failed.get(bad.id)
    expect(error).toMatchObject({ code: 'damaged', facts: { chunk: bad.id, packs: [pack] } })
    expect(error?.message).toContain(pack)
    await expect(reader.load(bad, 1)).rejects.toMatchObject({ code: 'damaged' })
  })

  it('takes a pack that was cut off for damaged, as far as it is', async () => {
    const test = createTestRepository({ segmentBytes: 20_000 })
    const references = chunksIn(test, 300)
    const reader = await readerOf(test)
    const [first, last] = [references[0], references.at(-1)]
    if (first === undefined || last === undefined) throw new Error('none')
    const { pack } = test.placeOf(last.id)
    const object = test.vault.stored.get(pack)
    if (object === undefined) throw new Error('none')
    test.vault.stored.set(pack, { ...object, bytes: object.bytes.slice(0, 200_000) })
    await expect(reader.load(last, 1)).rejects.toMatchObject({ code: 'damaged' })
    expect((await reader.load(first, 1)).length).toBe(10_000)
  })

  it('says which chunk is missing when no index knows it', async () => {
    const test = createTestRepository()
    const [known] = chunksIn(test, 1)
    const reader = await readerOf(test)
    const unknown = { id: 'ab'.repeat(32), lengthBytes: 5 } as ChunkReference
    await expect(reader.load(unknown, 1)).rejects.toMatchObject({
      code: 'missing-data',
      facts: { chunk: unknown.id },
    })
    const { got, failed } = await loadAll(reader, [unknown, ...(known ? [known] : [])])
    expect([got.size, [...failed.keys()]]).toEqual([1, [unknown.id]])
  })

  it('refuses a chunk under the type or length of another', async () => {
    const test = createTestRepository()
    const [reference] = chunksIn(test, 1)
    const reader = await readerOf(test)
    if (reference === undefined) throw new Error('none')
    await expect(reader.load(reference, 2)).rejects.toMatchObject({ code: 'damaged' })
    const longer = { ...reference, lengthBytes: 10_001 }
    await expect(reader.load(longer, 1)).rejects.toMatchObject({ code: 'damaged' })
  })

  it('does not try other places when the vault can not be reached', async () => {
    const test = createTestRepository()
    const references = chunksIn(test, 1)
    const reader = await readerOf(test)
    const gone = () => Promise.reject(new BackupError('unreachable', 'gone'))
    Object.assign(test.vault, { object: gone, objectRange: gone })
    await expect(loadAll(reader, references)).rejects.toMatchObject({ code: 'unreachable' })
  })
})
