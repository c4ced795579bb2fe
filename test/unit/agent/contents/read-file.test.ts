/** Files that change under the reader: whatever is done to them happens between two reads of it. */

import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { concatBytes, utf8 } from '../../../../src/base/bytes.ts'
import { createChunker, chunkerCapacityBytes } from '../../../../src/chunker/chunker.ts'
import { createGear64Kernel } from '../../../../src/chunker/gear64.ts'
import { defaultChunkerParameters } from '../../../../src/chunker/parameters.ts'
import { systemCalls } from '../../../../src/agent/system/open.ts'
import { createFileReader } from '../../../../src/agent/contents/read-file.ts'
import { chunkId } from '../../../../src/crypto/chunk-id.ts'
import { deriveKeys, gearTable } from '../../../../src/crypto/keys.ts'
import { mkfifoSync } from '../../../support/mkfifo.ts'
import { pseudoRandomBytes } from '../../../support/pseudo-random.ts'
import { scratchDirectory } from '../../../support/scratch.ts'

const keys = deriveKeys(new Uint8Array(32).fill(1), new Uint8Array(32).fill(2))
const blockBytes = 1024 * 1024
const kernel = createGear64Kernel(
  gearTable(keys),
  chunkerCapacityBytes(defaultChunkerParameters, blockBytes),
)
/** Enough for several blocks and chunks. */
const sizeBytes = 6 * blockBytes

const fillWhole = (path: string) => writeFileSync(path, pseudoRandomBytes('file', sizeBytes))

/** Reads a file while `during` is done to it, once in each of the first `times` readings. */
function readWhile(during: (path: string) => void, times = Infinity, fill = fillWhole) {
  const path = join(scratchDirectory(), 'file')
  fill(path)
  let bytesRead = 0
  const stored = new Map<string, Uint8Array>()
  let readings = 0
  let done = 0
  const starting = createChunker(kernel, defaultChunkerParameters, blockBytes)
  const chunker = {
    ...starting,
    start: () => {
      readings++
      starting.start()
    },
  }
  const store = (plaintext: Uint8Array) => {
    if (done < readings && done < times) {
      done++
      during(path)
    }
    const reference = { id: chunkId(keys, 1, plaintext), lengthBytes: plaintext.length }
    stored.set(reference.id, plaintext.slice())
    return reference
  }
  const read = createFileReader({ chunker, store, onRead: (bytes) => (bytesRead += bytes) })
  return {
    bytesRead: () => bytesRead,
    reader: () => read(utf8(path)),
    read: () => {
      const result = read(utf8(path))
      const content = concatBytes(
        ...result.chunks.map(({ id }) => stored.get(id) ?? new Uint8Array(0)),
      )
      return { ...result, content, readings }
    },
  }
}

const mebibyte = 1024 * 1024

/** Holes before, between and behind: 3 to 4, 20 to 21.5 and 50 to 50.1 MiB are data, 64 MiB in all. */
function fillSparsely(path: string): void {
  writeFileSync(path, '')
  truncateSync(path, 64 * mebibyte)
  const file = openSync(path, 'r+')
  for (const [from, length] of extents) {
    writeSync(file, pseudoRandomBytes(`at ${from}`, length), 0, length, from)
  }
  closeSync(file)
}

const extents = [
  [3 * mebibyte, mebibyte],
  [20 * mebibyte, 1.5 * mebibyte],
  [50 * mebibyte, 100_000],
] as const

const nothingHappens = () => undefined

describe.runIf(process.platform === 'linux')('a file that is replaced while it is read', () => {
  it('keeps content and attributes of one and the same file', () => {
    const system = systemCalls()
    const bytesOf = (number: number) => pseudoRandomBytes(`version ${number}`, 2 * blockBytes)
    let version = 0
    const writeVersion = (path: string) => {
      writeFileSync(`${path}-new`, bytesOf(version))
      system.setXattr(utf8(`${path}-new`), utf8('user.version'), utf8(`${version}`))
      renameSync(`${path}-new`, path)
      version++
    }
    const { content, listing } = readWhile(writeVersion, Infinity, writeVersion).read()
    const [kept] = listing.xattrs.map(({ value }) => Number(Buffer.from(value).toString()))
    expect(listing.xattrs).toHaveLength(1)
    expect(Buffer.from(bytesOf(kept ?? -1)).equals(Buffer.from(content))).toBe(true)
    expect(version).toBeGreaterThan(2)
  })
})

describe.runIf(process.platform === 'linux')('a file with holes', () => {
  it('is the same, and only its data is read', () => {
    const { read, bytesRead } = readWhile(nothingHappens, 0, fillSparsely)
    const { content, changed, hasHoles, sizeBytes: said } = read()
    const expected = Buffer.alloc(64 * mebibyte)
    for (const [from, length] of extents)
      expected.set(pseudoRandomBytes(`at ${from}`, length), from)
    expect({ changed, hasHoles, said }).toEqual({
      ...{ changed: false, hasHoles: true, said: 64 * mebibyte },
    })
    expect(expected.equals(Buffer.from(content))).toBe(true)
    // File systems allocate in blocks; what follows the last hole of a MiB is read to the end.
    expect(bytesRead()).toBeLessThan(5 * mebibyte)
  })

  it('of 20 GiB costs one chunk of zeros', () => {
    const huge = (path: string) => {
      writeFileSync(path, '')
      truncateSync(path, 20 * 1024 * mebibyte)
    }
    const { chunks, sizeBytes: said } = readWhile(nothingHappens, 0, huge).reader()
    expect(said).toBe(20 * 1024 * mebibyte)
    expect(chunks).toHaveLength(2560)
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1)
  })

  it('that is cut short in the middle never has its later data in the wrong place', () => {
    const { read } = readWhile((path) => truncateSync(path, 21 * mebibyte), 1, fillSparsely)
    const { content, readings, changed } = read()
    expect({ readings: readings > 1, changed }).toEqual({ readings: true, changed: false })
    expect(content).toHaveLength(21 * mebibyte)
    const last = pseudoRandomBytes(`at ${20 * mebibyte}`, 1.5 * mebibyte).subarray(0, mebibyte)
    expect(Buffer.from(content.subarray(20 * mebibyte)).equals(last)).toBe(true)
  })
})

const original = Buffer.from(pseudoRandomBytes('file', sizeBytes))

describe('a file', () => {
  it('that changes once while it is read is read again, and is as it was then', () => {
    const { read } = readWhile((path) => appendFileSync(path, 'more'), 1)
    const { changed, readings, content, facts } = read()
    expect({ changed, readings }).toEqual({ changed: false, readings: 2 })
    expect(Buffer.from(content).equals(Buffer.concat([original, utf8('more')]))).toBe(true)
    expect(facts.sizeBytes).toBe(content.length)
  })

  it('that grows each time is read three times, kept as it was met, and marked', () => {
    const { read } = readWhile((path) => appendFileSync(path, 'more'))
    const { changed, readings, content, sizeBytes: said } = read()
    expect({ changed, readings }).toEqual({ changed: true, readings: 3 })
    expect(said).toBe(content.length)
    expect(Buffer.from(content.subarray(0, sizeBytes)).equals(original)).toBe(true)
  })

  it('that is cut short each time is kept as far as it goes, and marked', () => {
    let left = sizeBytes
    const { read } = readWhile((path) => truncateSync(path, (left -= blockBytes)))
    const { changed, readings, content, sizeBytes: said } = read()
    expect({ changed, readings }).toEqual({ changed: true, readings: 3 })
    expect(said).toBe(content.length)
    expect(original.subarray(0, said).equals(Buffer.from(content))).toBe(true)
  })

  it('that is written over by as many bytes is seen to change', () => {
    let round = 0
    const { read } = readWhile((path) => {
      writeFileSync(path, pseudoRandomBytes(`round ${round++}`, sizeBytes))
    })
    expect(read()).toMatchObject({ changed: true, readings: 3, sizeBytes })
  })

  it('that is moved away for another one is read whole, never half of each', () => {
    const { read } = readWhile((path) => {
      writeFileSync(`${path}-new`, pseudoRandomBytes('other', sizeBytes))
      renameSync(`${path}-new`, path)
    }, 1)
    const { changed, content } = read()
    expect(changed).toBe(false)
    expect(Buffer.from(content).equals(pseudoRandomBytes('other', sizeBytes))).toBe(true)
  })

  it.each<readonly [string, (path: string) => void]>([
    ['a FIFO', mkfifoSync],
    ['a link', (path) => symlinkSync('/etc/passwd', path)],
    ['a directory', (path) => mkdirSync(path)],
  ])('that becomes %s is no file any more: nothing is waited for or followed', (_, make) => {
    const { read } = readWhile((path) => {
      rmSync(path)
      make(path)
    }, 1)
    expect(read).toThrow(/It is no file|ELOOP/)
  })
})
