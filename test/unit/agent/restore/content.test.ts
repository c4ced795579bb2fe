/** How the bytes of files get to the disk: what is there already, what is zeros, and whether they are there afterwards. */

import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../../src/base/bytes.ts'
import { planRestore } from '../../../../src/agent/restore/plan.ts'
import { restorePoint, type RestoreOptions } from '../../../../src/agent/restore/restore.ts'
import { systemCalls } from '../../../../src/agent/system/open.ts'
import { createChunkReader } from '../../../../src/repository/chunk-reader.ts'
import { openPoint } from '../../../../src/repository/point-reader.ts'
import { createTreeReader } from '../../../../src/repository/tree-reader.ts'
import { createTestRepository } from '../../../support/test-repository.ts'
import { pseudoRandomBytes } from '../../../support/pseudo-random.ts'
import { restoreOptions } from '../../../support/restore-options.ts'
import { scratchDirectory } from '../../../support/scratch.ts'

/** A point that holds `data/file`, and how to restore it. */
function pointOf(content: Uint8Array, chunkBytes: number) {
  const test = createTestRepository({ segmentBytes: 1 })
  const source = join(scratchDirectory(), 'data')
  mkdirSync(source)
  writeFileSync(join(source, 'file'), content)
  const facts = test.commit(test.directory('', [test.capture(source, chunkBytes)]))
  const to = scratchDirectory()
  const file = join(to, 'data/file')
  return {
    to,
    file,
    restore: async (options: Partial<RestoreOptions> = {}) => {
      const { manifest, index } = await openPoint(test.repository, facts)
      const chunks = createChunkReader(test.repository, index)
      const point = { root: manifest.root, include: [[]], tree: createTreeReader(chunks) }
      const usual = restoreOptions(test.repository, { to, chunks })
      const plan = await planRestore(point, { paths: [], strip: false })
      return restorePoint(point, plan, { ...usual, nowMs: Date.now() + 60_000, ...options })
    },
  }
}

describe('a file that replaces another version of itself', () => {
  const content = pseudoRandomBytes('content', 3_000_000)
  const edited = (spoil: (bytes: Buffer) => Uint8Array) => {
    const place = pointOf(content, 100_000)
    mkdirSync(join(place.to, 'data'))
    writeFileSync(place.file, spoil(Buffer.from(content)))
    return place
  }

  it.each([
    [
      'with other bytes in the middle',
      (bytes: Buffer) => bytes.fill(7, 1_000_000, 1_000_010),
      2_900_000,
    ],
    ['longer', (bytes: Buffer) => Buffer.concat([bytes, bytes]), 3_000_000],
    ['shorter', (bytes: Buffer) => bytes.subarray(0, 1_250_000), 1_200_000],
    ['with nothing in common', (bytes: Buffer) => bytes.fill(7), 0],
    ['of zeros', (bytes: Buffer) => bytes.fill(0), 0],
  ])('takes over what is right: one %s', async (_, spoil, taken) => {
    const { to, file, restore } = edited(spoil)
    const result = await restore({ onConflict: 'overwrite' })
    expect(result).toMatchObject({ replaced: 1, failureCount: 0, bytesTakenOver: taken })
    expect(readFileSync(file).equals(content)).toBe(true)
    expect(readdirSync(join(to, 'data'))).toEqual(['file'])
  })

  it('leaves other names of the old version as they are', async () => {
    const { to, file, restore } = edited((bytes) => bytes.fill(7, 0, 10))
    const old = readFileSync(file)
    linkSync(file, join(to, 'data/other name'))
    await restore({ onConflict: 'if-changed' })
    expect(readFileSync(file).equals(content)).toBe(true)
    expect(readFileSync(join(to, 'data/other name')).equals(old)).toBe(true)
  })

  it('is written anew where what was shared changes meanwhile', async () => {
    const { file, restore } = edited((bytes) => bytes.fill(7, 0, 10))
    const real = systemCalls()
    // A file system that shares blocks, and somebody who writes to the file at that moment.
    const cloneFile = (_from: number, to: number) => {
      writeSync(to, Buffer.concat([content.subarray(0, 500_000), Buffer.alloc(3_000_000, 9)]))
      return true
    }
    const system = { ...real, cloneFile }
    const result = await restore({ onConflict: 'overwrite', system })
    expect(readFileSync(file).equals(content)).toBe(true)
    expect(result.bytesTakenOver).toBe(400_000)
  })
})

describe('runs of zeros', () => {
  it('become holes, and the file is what it was', async () => {
    const content = Buffer.concat([
      pseudoRandomBytes('begin', 100_000),
      Buffer.alloc(5_000_000),
      pseudoRandomBytes('end', 1000),
      Buffer.alloc(1_000_000),
    ])
    const { file, restore } = pointOf(content, 300_000)
    expect(await restore()).toMatchObject({ failureCount: 0, bytesRestored: content.length })
    expect(readFileSync(file).equals(content)).toBe(true)
    expect(statSync(file).blocks * 512).toBeLessThan(1_000_000)
  })
})

describe('a restore that reads back', () => {
  it('gives no name to what the disk did not keep', async () => {
    const { to, restore } = pointOf(pseudoRandomBytes('x', 200_000), 50_000)
    const real = systemCalls()
    const forgetCached = (fd: number) => void writeSync(fd, utf8('?'), 0, 1, 120_000)
    const result = await restore({ readsBack: true, system: { ...real, forgetCached } })
    expect(result.failures).toMatchObject([{ code: 'verification-failed' }])
    expect(readdirSync(join(to, 'data'))).toEqual([])
    expect(await restore({ readsBack: true })).toMatchObject({ readBack: 1, failureCount: 0 })
  })

  it('does not believe size and time of what is there', async () => {
    const content = pseudoRandomBytes('x', 200_000)
    const { file, restore } = pointOf(content, 50_000)
    await restore()
    const { mtimeNs } = lstatSync(file, { bigint: true })
    writeFileSync(file, Buffer.from(content).fill(0, 0, 1))
    systemCalls().setTimes(utf8(file), mtimeNs, mtimeNs)
    const words = { onConflict: 'if-changed', nowMs: Date.now() + 120_000 } as const
    expect(await restore(words)).toMatchObject({ unchanged: 1 })
    expect(await restore({ ...words, readsBack: true })).toMatchObject({ replaced: 1 })
    expect(readFileSync(file).equals(content)).toBe(true)
  })
})
