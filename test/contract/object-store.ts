/** What every object store promises: run by a test of each of them. */

import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { readWhole, type ObjectStore } from '../../src/vault/objects/object-store.ts'

export type OpenStore = () => Promise<ObjectStore>

const sumOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** A record: bytes that end in their own sum, as whatever is named by place does. */
export const recordOf = (text: string): Buffer => {
  const body = Buffer.from(text)
  return Buffer.concat([body, createHash('sha256').update(body).digest()])
}

const machine = `vaults/${'1'.repeat(32)}/machines/${'2'.repeat(32)}/`

/** A content-addressed object of a kind, with its key. */
export function objectOf(kind: string, size = 10_000): { key: string; bytes: Buffer } {
  const bytes = randomBytes(size)
  const id = sumOf(bytes)
  return { key: `${machine}repositories/0/${kind}/${id.slice(0, 2)}/${id}`, bytes }
}

const keysOf = async (store: ObjectStore, prefix: string, after?: string): Promise<string[]> => {
  const keys: string[] = []
  for await (const { key } of store.list(prefix, after)) keys.push(key)
  return keys
}

export function describeObjectStore(name: string, openStore: OpenStore): void {
  describe(`${name} keeps the contract of object stores`, () => {
    test.each(['data', 'tree'])(
      'what was created is read back, whole and in ranges: %s',
      async (kind) => {
        const store = await openStore()
        const { key, bytes } = objectOf(kind, 700_000)
        expect(
          await store.create(key, Readable.from([bytes.subarray(0, 10), bytes.subarray(10)])),
        ).toBe('created')
        expect(Buffer.from(await readWhole(store, key, 1_000_000)).equals(bytes)).toBe(true)
        for (const [start, end] of [
          [0, 1],
          [5, 300_005],
          [699_990, 700_000],
          [699_990, 900_000],
        ] as const) {
          const { sizeBytes, body } = await store.read(key, { start, end })
          expect(sizeBytes).toBe(700_000)
          const parts = (await body.toArray()) as Buffer[]
          expect(Buffer.concat(parts).equals(bytes.subarray(start, end))).toBe(true)
        }
      },
    )

    test('what is whole is found so, and what is not there is not', async () => {
      const store = await openStore()
      const { key, bytes } = objectOf('data')
      expect(await store.check(key)).toBeUndefined()
      await store.create(key, bytes)
      expect(await store.check(key)).toBe('sound')
    })

    test('the same bytes once more exist, other bytes are refused and change nothing', async () => {
      const store = await openStore()
      const key = 'records/0000000000000000'
      expect(await store.create(key, recordOf('one'))).toBe('created')
      expect(await store.create(key, recordOf('one'))).toBe('exists')
      await expect(store.create(key, recordOf('two'))).rejects.toMatchObject({
        code: 'already-exists',
      })
      expect(Buffer.from(await readWhole(store, key, 1_000))).toEqual(recordOf('one'))
    })

    test.each(['data', 'tree'])('a moved object bears its new name alone: %s', async (kind) => {
      const store = await openStore()
      const { key, bytes } = objectOf(kind)
      const newKey = `trash/0000000000000001/${key}`
      expect(await store.move(key, newKey)).toBe(false)
      await store.create(key, bytes)
      expect(await store.move(key, newKey)).toBe(true)
      expect(await store.stat(key)).toBeUndefined()
      expect(Buffer.from(await readWhole(store, newKey, 1_000_000)).equals(bytes)).toBe(true)
      expect(await store.move(newKey, key)).toBe(true)
      expect(await store.stat(newKey)).toBeUndefined()
      expect(Buffer.from(await readWhole(store, key, 1_000_000)).equals(bytes)).toBe(true)
      await store.move(key, newKey)
      await store.remove(newKey)
      expect(await keysOf(store, 'trash/')).toEqual([])
      expect(await store.folders('trash/')).toEqual([])
      expect(await store.create(key, bytes)).toBe('created')
    })

    test('of many that create one name at once with different bytes, one succeeds', async () => {
      const store = await openStore()
      const key = 'records/0000000000000007'
      const results = await Promise.allSettled(
        Array.from({ length: 12 }, (_, at) => store.create(key, recordOf(`writer ${at}`))),
      )
      const won = results.findIndex((result) => result.status === 'fulfilled')
      expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1)
      expect(Buffer.from(await readWhole(store, key, 1_000))).toEqual(recordOf(`writer ${won}`))
    })

    test('of many that create one name at once with the same bytes, all succeed and one has created', async () => {
      const store = await openStore()
      const { key, bytes } = objectOf('tree')
      const results = await Promise.all(Array.from({ length: 12 }, () => store.create(key, bytes)))
      expect(results.filter((result) => result === 'created')).toHaveLength(1)
    })

    test('bytes that are not what was announced leave nothing', async () => {
      const store = await openStore()
      const { key, bytes } = objectOf('data')
      const altered = Buffer.from(bytes)
      altered[77] = (altered[77] ?? 0) ^ 1
      const record = 'records/0000000000000001'
      const attempts = [
        () => store.create(key, altered),
        () => store.create(key, bytes, { sizeBytes: bytes.length + 1 }),
        () => store.create(key, bytes.subarray(1)),
        () => store.create(record, recordOf('x'), { sha256: '0'.repeat(64) }),
        () => store.create(record, Buffer.from('a record that does not end in its sum')),
      ]
      for (const attempt of attempts) {
        await expect(attempt()).rejects.toMatchObject({ code: 'hash-mismatch' })
      }
      expect(await keysOf(store, '')).toEqual([])
      expect(await store.create(key, bytes)).toBe('created')
    })

    test('a source that breaks off leaves nothing', async () => {
      const store = await openStore()
      const { key, bytes } = objectOf('data')
      const breaking = Readable.from(
        (function* () {
          yield bytes.subarray(0, 100)
          throw new Error('gone')
        })(),
      )
      await expect(store.create(key, breaking)).rejects.toThrow('gone')
      expect(await store.stat(key)).toBeUndefined()
    })

    test('what is not there is not found', async () => {
      const store = await openStore()
      const { key } = objectOf('tree')
      expect(await store.stat(key)).toBeUndefined()
      await expect(store.read(key)).rejects.toMatchObject({ code: 'not-found' })
      await expect(store.read(key, { start: 0, end: 1 })).rejects.toMatchObject({
        code: 'not-found',
      })
      expect(await keysOf(store, machine)).toEqual([])
      expect(await store.folders(machine)).toEqual([])
      await store.remove(key)
    })

    test('lists keys ascending by bytes, below a folder, after a key', async () => {
      const store = await openStore()
      const keys = ['a/b', 'a/b-c/d', 'a/b/x', 'a-b/c', 'ab/c', 'b'].filter((key) => key !== 'a/b')
      for (const key of keys) await store.create(key, recordOf(key))
      const sorted = [...keys].sort()
      expect(await keysOf(store, '')).toEqual(sorted)
      for (const [at, key] of sorted.entries()) {
        expect(await keysOf(store, '', key)).toEqual(sorted.slice(at + 1))
      }
      expect(await keysOf(store, 'a/')).toEqual(['a/b-c/d', 'a/b/x'])
      expect(await store.folders('')).toEqual(['a', 'a-b', 'ab'])
      expect(await store.folders('a/')).toEqual(['b', 'b-c'])
    })

    test('tells size and time of what it holds', async () => {
      const store = await openStore()
      const { key, bytes } = objectOf('index')
      await store.create(key, bytes)
      const facts = await store.stat(key)
      expect(facts).toMatchObject({ key, sizeBytes: bytes.length })
      expect(Math.abs((facts?.storedAtMs ?? 0) - Date.now())).toBeLessThan(600_000)
      for await (const listed of store.list('')) expect(listed).toEqual(facts)
    })

    test('what was removed is gone, and may come again', async () => {
      const store = await openStore()
      const { key, bytes } = objectOf('tree')
      await store.create(key, bytes)
      await store.remove(key)
      expect(await store.stat(key)).toBeUndefined()
      expect(await store.create(key, bytes)).toBe('created')
    })

    test('nothing is moved onto a sound object, and both stay', async () => {
      const store = await openStore()
      const { key, bytes } = objectOf('tree')
      const inTrash = `trash/0000000000000001/${key}`
      await store.create(key, bytes)
      await store.move(key, inTrash)
      await store.create(key, bytes)
      expect(await store.move(inTrash, key)).toBe(false)
      expect(await keysOf(store, '')).toEqual([inTrash, key])
    })

    test('removals of one object at once all succeed', async () => {
      const store = await openStore()
      const { key, bytes } = objectOf('tree')
      const inTrash = `trash/0000000000000001/${key}`
      for (let time = 0; time < 20; time++) {
        await store.create(key, bytes)
        await store.move(key, inTrash)
        await Promise.all([1, 2, 3, 4].map(() => store.remove(inTrash)))
        expect(await keysOf(store, '')).toEqual([])
      }
    })

    test.each([
      '../x',
      'a/../b',
      '/a',
      'a//b',
      'a/',
      'A',
      'a b',
      'a\0',
      'ä',
      '',
      'a/.',
      'x'.repeat(600),
    ])('no key leaves its folder: %j', async (key) => {
      const store = await openStore()
      await expect((async () => store.create(key, recordOf('x')))()).rejects.toMatchObject({
        code: 'malformed',
      })
      await expect((async () => store.read(key))()).rejects.toMatchObject({ code: 'malformed' })
      await expect((async () => store.stat(key))()).rejects.toMatchObject({ code: 'malformed' })
    })
  })
}
