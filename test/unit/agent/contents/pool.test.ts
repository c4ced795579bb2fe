/** The pool with its work in this thread, and with real threads from dist/. */

import { mkfifoSync } from '../../../support/mkfifo.ts'
import { randomFillSync } from 'node:crypto'
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemRandom } from '../../../../src/base/bytes.ts'
import { createInFlight } from '../../../../src/agent/contents/in-flight.ts'
import { startInline, threadsOf, type StartLane } from '../../../../src/agent/contents/lane.ts'
import type { ContentSetup } from '../../../../src/agent/contents/messages.ts'
import { createContentPool } from '../../../../src/agent/contents/pool.ts'
import { defaultChunkerParameters } from '../../../../src/chunker/parameters.ts'
import { chunkId } from '../../../../src/crypto/chunk-id.ts'
import { deriveKeys } from '../../../../src/crypto/keys.ts'
import { createClaimMemory } from '../../../../src/repository/claim-table.ts'
import type { WrittenPack } from '../../../../src/repository/pack-writer.ts'
import { scratchDirectory } from '../../../support/scratch.ts'

const masterKey = new Uint8Array(32).fill(1)
const repositoryId = new Uint8Array(32).fill(2)
const keys = deriveKeys(masterKey, repositoryId)

const startBuiltThread = threadsOf(
  pathToFileURL(resolve(import.meta.dirname, '../../../../dist/agent/contents/thread.js')),
)

/** Their memory is the thread's again afterwards. */
const copyOf = (pack: WrittenPack): WrittenPack => ({ ...pack, bytes: pack.bytes.slice() })
const withoutBytes = (pack: WrittenPack): WrittenPack => ({ ...pack, bytes: new Uint8Array(0) })

function openPool(start: StartLane, threads = 2, keep = copyOf) {
  const packs: WrittenPack[] = []
  const inFlight = createInFlight()
  const setup: ContentSetup = {
    ...{
      heldKey: masterKey,
      epoch: 0,
      repositoryId,
      inFlight,
      level: 3,
      verifyAll: true,
      day: 20_000,
    },
    chunker: defaultChunkerParameters,
    segmentBytes: 1024 * 1024,
    claims: [createClaimMemory(16)],
  }
  let bytesRead = 0
  const stop = new AbortController()
  const pool = createContentPool({
    ...{ setup, threads, start, signal: stop.signal },
    onPack: (pack, whenStored) => {
      packs.push(keep(pack))
      whenStored()
    },
    onRead: (bytes) => (bytesRead += bytes),
  })
  onTestFinished(() => pool.close())
  return { pool, packs, stop, bytesRead: () => bytesRead }
}

function filesIn(folder: string, count: number, bytes: number): string[] {
  mkdirSync(folder, { recursive: true })
  return Array.from({ length: count }, (_, at) => {
    const path = join(folder, `file-${at}`)
    writeFileSync(path, systemRandom(bytes))
    return path
  })
}

const read = (pool: ReturnType<typeof openPool>['pool'], path: string, bytes = 1) =>
  pool.file(Buffer.from(path), bytes)

describe.each([
  ['in this thread', startInline],
  ['in threads', startBuiltThread],
] as const)('a content pool %s', (_, start) => {
  it('names the chunks of files, and puts each chunk into one pack, whoever reads it', async () => {
    const { pool, packs, bytesRead } = openPool(start)
    const paths = filesIn(scratchDirectory(), 300, 100_000)
    const files = await Promise.all([...paths, ...paths].map((path) => read(pool, path, 100_000)))
    await pool.finish()
    const named = files.flatMap(({ chunks }) => chunks.map(({ id }) => id))
    const stored = packs.flatMap(({ facts }) => facts.chunks.map(({ id }) => id))
    expect(new Set(named).size).toBe(300)
    expect(stored.sort()).toEqual([...new Set(named)].sort())
    expect(bytesRead()).toBe(2 * 300 * 100_000)
    expect(files.every(({ sizeBytes, changed }) => sizeBytes === 100_000 && !changed)).toBe(true)
  })

  it('leaves one partial pack, however many threads were at work', async () => {
    const { pool, packs } = openPool(start, 3)
    const paths = filesIn(scratchDirectory(), 400, 100_000)
    await Promise.all(paths.map((path) => read(pool, path, 100_000)))
    await pool.finish()
    const partial = packs.filter(({ bytes }) => bytes.length < 16 * 1024 * 1024)
    expect(packs.length).toBeGreaterThan(1)
    expect(partial.length).toBe(1)
  })

  it("rejects with the system's code what can not be read, and goes on with the rest", async () => {
    const { pool } = openPool(start)
    const folder = scratchDirectory()
    const [good] = filesIn(folder, 1, 10)
    const pipe = join(folder, 'pipe')
    mkfifoSync(pipe)
    const results = await Promise.allSettled([
      read(pool, join(folder, 'gone')),
      read(pool, pipe),
      read(pool, good ?? ''),
    ])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled'])
    expect(results[0]).toMatchObject({ reason: { code: 'ENOENT' } })
    expect(results[1]).toMatchObject({ reason: { code: 'file-unreadable' } })
  })

  it('stores a value as chunks', async () => {
    const { pool, packs } = openPool(start)
    const value = systemRandom(10_000)
    const chunks = await pool.value(value)
    await pool.finish()
    expect(chunks).toEqual([{ id: chunkId(keys, 1, value), lengthBytes: 10_000 }])
    expect(packs.flatMap(({ facts }) => facts.chunks)).toEqual(chunks)
  })

  it('stores known pieces of a file, and rejects where it is gone', async () => {
    const { pool, packs, bytesRead } = openPool(start)
    const [path = ''] = filesIn(scratchDirectory(), 1, 3_000)
    const known = readFileSync(path).subarray(1_000, 2_000)
    const reference = { id: chunkId(keys, 1, known), lengthBytes: 1_000 }
    const pieces = [0, 1_000].map((offsetBytes) => ({ reference, offsetBytes }))
    expect(await pool.pieces(Buffer.from(path), pieces)).toBe(1_000)
    await expect(pool.pieces(Buffer.from(`${path}-gone`), pieces)).rejects.toMatchObject({
      code: 'ENOENT',
    })
    await pool.finish()
    expect(packs.flatMap(({ facts }) => facts.chunks)).toEqual([reference])
    expect(bytesRead()).toBe(1_000)
  })

  it('fails all that waits when it is aborted', async () => {
    const { pool, stop } = openPool(start)
    const [path] = filesIn(scratchDirectory(), 1, 10)
    const reading = read(pool, path ?? '')
    const reason = new Error('enough')
    stop.abort(reason)
    await expect(reading).rejects.toBe(reason)
    await expect(pool.room()).rejects.toBe(reason)
  })
})

const mebibyte = 1024 * 1024

it('takes the same memory for the packs of a large file again, though it is one job', async () => {
  const { pool } = openPool(startBuiltThread, 1, withoutBytes)
  const path = join(scratchDirectory(), 'large')
  const block = new Uint8Array(16 * mebibyte)
  for (let at = 0; at < 20; at++) appendFileSync(path, randomFillSync(block))
  const before = process.memoryUsage.rss()
  await read(pool, path, 320 * mebibyte)
  expect(process.memoryUsage.rss() - before).toBeLessThan(200 * mebibyte)
})
