/** The cache of a source as a run uses it: begun, read, added to, committed; or given up. */

import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openSourceCache, type SourceCache } from '../../../../src/agent/cache/source-cache.ts'
import { openIndexFiles } from '../../../../src/agent/cache/index-files.ts'
import { systemRandom, toHex } from '../../../../src/base/bytes.ts'
import { sha256 } from '../../../../src/base/hash.ts'
import { chunkId } from '../../../../src/crypto/chunk-id.ts'
import { deriveKeys } from '../../../../src/crypto/keys.ts'
import { noFlags } from '../../../../src/model/entry.ts'
import {
  objectIdOf,
  parseChunkId,
  recordHashOf,
  type ChunkReference,
} from '../../../../src/model/ids.ts'
import { pseudoRandomBytes } from '../../../support/pseudo-random.ts'
import { scratchDirectory } from '../../../support/scratch.ts'
import { cacheOptions, manifestOver, walkKeys } from '../../../support/walk-points.ts'

const hashOf = (number: number) => recordHashOf(new Uint8Array(32).fill(number))
const tree = { id: parseChunkId('ab'.repeat(32)), lengthBytes: 5 }
const manifest = manifestOver({
  entry: { name: Buffer.from('x'), type: 'directory', mtimeNs: 1n, tree, flags: noFlags },
})

const pageOf = (seed: string, bytes = 3_000) => {
  const page = pseudoRandomBytes(seed, bytes)
  return { page, reference: { id: chunkId(walkKeys, 2, page), lengthBytes: page.length } }
}
type Page = ReturnType<typeof pageOf>

const open = async (directory: string, more: Partial<typeof cacheOptions> = {}) => {
  const said: string[] = []
  const say = (message: string) => void said.push(message)
  return { said, cache: await openSourceCache({ ...cacheOptions, directory, say, ...more }) }
}

const notAsked = (reference: ChunkReference) =>
  Promise.reject(new Error(`asked the vault for ${reference.id}`))

async function expectHeld(cache: SourceCache, pages: readonly Page[]): Promise<void> {
  for (const { page, reference } of pages) {
    expect(Buffer.compare(await cache.load(reference, 2, notAsked), page)).toBe(0)
  }
}

/** A run whose point uses these pages; what it had to ask for. */
async function run(directory: string, number: number, pages: readonly Page[]): Promise<number> {
  const { cache } = await open(directory)
  let asked = 0
  cache.begin()
  for (const { page, reference } of pages) {
    await cache.load(reference, 2, () => {
      asked++
      return Promise.resolve(page)
    })
  }
  await cache.commit(hashOf(number), manifest)
  cache.close()
  return asked
}

const filesIn = (directory: string) => readdirSync(directory).filter((name) => name !== 'head')
const bytesIn = (directory: string) =>
  filesIn(directory).reduce((sum, name) => sum + readFileSync(join(directory, name)).length, 0)

describe("a source's cache", () => {
  const many = Array.from({ length: 4_500 }, (_, at) => pageOf(`page ${at}`, 100 + (at % 700)))

  it('gives back every page, its manifest, and nothing else', async () => {
    const directory = join(scratchDirectory(), 'cache')
    expect(await run(directory, 1, many)).toBe(many.length)
    const { cache, said } = await open(directory)
    expect(cache.manifestOf(hashOf(1))).toEqual(manifest)
    await expectHeld(cache, many)
    await expect(cache.load(pageOf('other').reference, 2, notAsked)).rejects.toThrow('asked')
    await expect(cache.load(many[0]?.reference ?? tree, 3, notAsked)).rejects.toThrow('asked')
    expect(said).toEqual([])
    cache.close()
  })

  it('grows by what is new, and is written anew before it is worn', async () => {
    const directory = join(scratchDirectory(), 'cache')
    const some = many.slice(0, 200)
    await run(directory, 1, some)
    const first = bytesIn(directory)
    for (let number = 2; number < 30; number++) {
      const before = bytesIn(directory)
      const added = pageOf(`added ${number}`)
      expect(await run(directory, number, [...some, added])).toBe(1)
      expect(filesIn(directory).length).toBeLessThanOrEqual(8)
      expect(bytesIn(directory)).toBeLessThan(before + 6_000)
      expect(await run(directory, number, [...some, added])).toBe(0)
    }
    expect(bytesIn(directory)).toBeLessThan(first + 10 * 6_000)
  })

  it('stays as it was where a run does not come to its commit', async () => {
    const directory = join(scratchDirectory(), 'cache')
    await run(directory, 1, many)
    const before = filesIn(directory)
    const begun = await open(directory)
    begun.cache.begin()
    for (const { reference, page } of [pageOf('new', 400_000), pageOf('newer', 400_000)]) {
      begun.cache.add(reference.id, page)
    }
    expect(filesIn(directory).length).toBe(before.length + 1)
    // As after a kill: nobody closes it.
    const { cache } = await open(directory)
    expect(filesIn(directory)).toEqual(before)
    expect(cache.manifestOf(hashOf(1))).toEqual(manifest)
    await expectHeld(cache, many)
    cache.close()
  })

  it('is of no use for another point, but its pages are', async () => {
    const directory = join(scratchDirectory(), 'cache')
    await run(directory, 1, many)
    const { cache, said } = await open(directory)
    expect(cache.manifestOf(hashOf(2))).toBeUndefined()
    expect(said.join()).toContain('another recovery point')
    await expectHeld(cache, many.slice(0, 10))
    cache.close()
  })

  it('of another repository is of no use, and is replaced', async () => {
    const directory = join(scratchDirectory(), 'cache')
    await run(directory, 1, many.slice(0, 10))
    const keys = deriveKeys(new Uint8Array(32).fill(7), new Uint8Array(32).fill(8))
    const { cache, said } = await open(directory, { keys })
    expect(cache.manifestOf(hashOf(1))).toBeUndefined()
    expect(said.join()).toContain('can not be used')
    await expect(cache.load(many[0]?.reference ?? tree, 2, notAsked)).rejects.toThrow('asked')
    cache.begin()
    await cache.commit(hashOf(3), manifest)
    expect(cache.manifestOf(hashOf(3))).toEqual(manifest)
    expect(filesIn(directory)).toEqual([])
    cache.close()
  })

  it('writes nothing in a run that only looks', async () => {
    const directory = join(scratchDirectory(), 'cache')
    const { cache } = await open(directory, { isReadOnly: true })
    cache.begin()
    cache.add(tree.id, pageOf('x', 300_000).page)
    cache.close()
    expect(existsSync(directory)).toBe(false)
  })

  it('that can not be written is said, and costs the run nothing', async () => {
    const parent = scratchDirectory()
    const directory = join(parent, 'file', 'cache')
    const { cache, said } = await open(directory)
    writeFileSync(join(parent, 'file'), 'where the directory should be')
    cache.begin()
    const { page, reference } = pageOf('x')
    expect(await cache.load(reference, 2, () => Promise.resolve(page))).toEqual(page)
    await cache.commit(hashOf(1), manifest)
    cache.close()
    expect(said.join()).toContain('can not be written')
  })
})

describe('indexes that are kept', () => {
  const bytes = pseudoRandomBytes('index', 5_000)
  const id = objectIdOf(sha256(bytes))

  it('are fetched once, and again where the copy is damaged', async () => {
    const directory = join(scratchDirectory(), 'indexes')
    const files = openIndexFiles(directory, systemRandom)
    let fetched = 0
    const load = () => files.load(id, () => (fetched++, Promise.resolve(bytes)))
    expect([await load(), await load()]).toEqual([bytes, bytes])
    expect(fetched).toBe(1)
    writeFileSync(join(directory, id), bytes.subarray(1))
    expect(toHex(sha256(await load()))).toBe(id)
    expect(fetched).toBe(2)
    await files.retain(new Set())
    expect(readdirSync(directory)).toEqual([])
  })

  it('cost nothing but time where the folder can not be written', async () => {
    const parent = scratchDirectory()
    mkdirSync(join(parent, 'a'))
    writeFileSync(join(parent, 'a', 'file'), '')
    chmodSync(join(parent, 'a'), 0o500)
    const files = openIndexFiles(join(parent, 'a', 'file', 'indexes'), systemRandom)
    expect(await files.load(id, () => Promise.resolve(bytes))).toEqual(bytes)
    await files.retain(new Set([id]))
  })
})
