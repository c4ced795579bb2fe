/**
 * Stored bytes of packs, read in blocks of 128 KiB, so that a vault does not learn where segments lie; the whole pack
 * where a quarter of it is wanted. Blocks that others wait for, or that were read lately, are not asked for again.
 * Bytes of a range prove nothing by themselves: they are authenticated when a segment is opened.
 */

import { BackupError, errorCodeOf } from '../base/errors.ts'
import { createByteCache } from '../base/byte-cache.ts'
import type { ObjectId } from '../model/ids.ts'
import type { ByteRange } from './connection.ts'
import type { Repository } from './repository.ts'

const blockBytes = 128 * 1024

/** A pack and its length, padding included. */
export interface StoredPack {
  readonly id: ObjectId
  readonly sizeBytes: number
}

export interface PackBlocks {
  /** The bytes of each range; ranges lie within the pack. */
  read(pack: StoredPack, ranges: readonly ByteRange[]): Promise<Uint8Array[]>
  /** Reads the whole pack anew, checked against its id: the vault answers from a second copy where it has one. Tried once. */
  refresh(pack: StoredPack): Promise<Uint8Array>
  /** Bytes received so far. */
  readonly bytesFetched: number
}

/** `cacheBytes` bounds what is kept of blocks, and of whole packs, after it was handed out. */
export function createPackBlocks(repository: Repository, cacheBytes: number): PackBlocks {
  const { connection, number } = repository
  const kept = createByteCache<Uint8Array>(cacheBytes)
  const coming = new Map<string, Promise<Uint8Array>>()
  const wholes = createByteCache<Uint8Array>(cacheBytes)
  const comingWhole = new Map<ObjectId, Promise<Uint8Array>>()
  const wantedOf = createByteCache<Set<number>>(packsCounted)
  const refreshing = new Map<ObjectId, Promise<Uint8Array>>()
  let bytesFetched = 0

  const counted = (bytes: Uint8Array) => {
    bytesFetched += bytes.length
    return bytes
  }
  const part = (pack: StoredPack, range: ByteRange) =>
    connection.objectRange(number, pack.id, range).then(counted, (error: unknown) => {
      throw errorCodeOf(error) === 'usage' ? cutShort(pack, error) : error
    })
  const keepWhole = (pack: StoredPack, bytes: Uint8Array) => {
    wholes.set(pack.id, bytes, bytes.length)
    return bytes
  }
  /** As a range: a damaged pack is read all the same, most of its segments may be good. */
  const whole = (pack: StoredPack): Promise<Uint8Array> => {
    const bytes = part(pack, { start: 0, end: pack.sizeBytes })
      .then((all) => keepWhole(pack, all))
      .finally(() => comingWhole.delete(pack.id))
    comingWhole.set(pack.id, bytes)
    wantedOf.delete(pack.id)
    return bytes
  }

  /** Lets `blocks` come from `bytes`, which begin with the first of them. */
  const announce = (pack: StoredPack, blocks: readonly number[], bytes: Promise<Uint8Array>) => {
    const first = blocks[0] ?? 0
    for (const block of blocks) {
      const key = keyOf(pack, block)
      const at = (block - first) * blockBytes
      const promise = bytes.then((all) => {
        const copy = all.slice(at, at + blockBytes)
        kept.set(key, copy, copy.length)
        return copy
      })
      coming.set(key, promise)
      void promise
        .catch(() => undefined)
        .finally(() => {
          if (coming.get(key) === promise) coming.delete(key)
        })
    }
  }
  const isThere = (pack: StoredPack, block: number) =>
    kept.get(keyOf(pack, block)) !== undefined || coming.has(keyOf(pack, block))
  const isWorthWhole = (pack: StoredPack, blocks: readonly number[]) => {
    const wanted = wantedOf.get(pack.id) ?? new Set()
    for (const block of blocks) wanted.add(block)
    wantedOf.set(pack.id, wanted, 1)
    return wanted.size * 4 >= blockCount(pack)
  }
  const needsWhole = (pack: StoredPack, blocks: readonly number[]) =>
    isWorthWhole(pack, blocks) && !blocks.every((block) => isThere(pack, block))
  const request = (pack: StoredPack, blocks: readonly number[]) => {
    const absent = blocks.filter((block) => !isThere(pack, block))
    if (absent.length === 0) return
    for (const run of runsOf(absent)) announce(pack, run, part(pack, rangeOf(pack, run)))
  }
  const block = (pack: StoredPack, number: number): Promise<Uint8Array> | Uint8Array => {
    const key = keyOf(pack, number)
    const bytes = kept.get(key) ?? coming.get(key)
    if (bytes !== undefined) return bytes
    announce(pack, [number], part(pack, rangeOf(pack, [number])))
    return block(pack, number)
  }
  return {
    read: async (pack, ranges) => {
      const known = wholes.get(pack.id) ?? comingWhole.get(pack.id)
      if (known !== undefined) return cutFrom(await known, ranges)
      const blocks = [...new Set(ranges.flatMap(blocksOf))].sort((a, b) => a - b)
      if (needsWhole(pack, blocks)) return cutFrom(await whole(pack), ranges)
      request(pack, blocks)
      const pending = blocks.map(async (at) => [at, await block(pack, at)] as const)
      const found = new Map(await Promise.all(pending))
      return ranges.map((range) => assemble(range, found))
    },
    refresh: (pack) => {
      const known = refreshing.get(pack.id)
      if (known !== undefined) return known
      // Others may want good segments of a damaged pack meanwhile: what is kept goes when this is there and good.
      const bytes = connection.object(number, pack.id).then((all) => keepWhole(pack, counted(all)))
      refreshing.set(pack.id, bytes)
      void bytes.then(() => refreshing.delete(pack.id)).catch(() => undefined)
      return bytes
    },
    get bytesFetched() {
      return bytesFetched
    },
  }
}

const cutFrom = (bytes: Uint8Array, ranges: readonly ByteRange[]): Uint8Array[] =>
  ranges.map(({ start, end }) => bytes.subarray(start, end))

/** A range is refused where the pack ends before it. */
const cutShort = ({ id }: StoredPack, cause: unknown): BackupError =>
  new BackupError('damaged', `The pack ${id} is shorter than its index says.`, {
    cause,
    facts: { id },
  })

/** Of so many packs it is remembered how much of them was wanted. */
const packsCounted = 4096

const keyOf = (pack: StoredPack, block: number): string => `${pack.id}/${block}`

const blockCount = (pack: StoredPack): number => Math.ceil(pack.sizeBytes / blockBytes)

/** The integers from `start` up to, but not with, `end`. */
const numbers = (start: number, end: number): number[] =>
  Array.from({ length: Math.max(0, end - start) }, (_, at) => start + at)

const blocksOf = ({ start, end }: ByteRange): number[] =>
  numbers(Math.floor(start / blockBytes), Math.ceil(end / blockBytes))

function rangeOf(pack: StoredPack, run: readonly number[]): ByteRange {
  const first = run[0] ?? 0
  const end = Math.min((first + run.length) * blockBytes, pack.sizeBytes)
  return { start: first * blockBytes, end }
}

/** Cuts ascending numbers where they do not follow each other. */
function runsOf(blocks: readonly number[]): number[][] {
  const runs: number[][] = []
  for (const block of blocks) {
    const run = runs.at(-1)
    if (run !== undefined && run.at(-1) === block - 1) run.push(block)
    else runs.push([block])
  }
  return runs
}

/** A range out of its blocks; shorter than asked for where the pack is shorter than its index says. */
function assemble(range: ByteRange, blocks: ReadonlyMap<number, Uint8Array>): Uint8Array {
  const parts = blocksOf(range).map((at) => {
    const begin = at * blockBytes
    const bytes = blocks.get(at) ?? new Uint8Array(0)
    return bytes.subarray(Math.max(0, range.start - begin), Math.min(blockBytes, range.end - begin))
  })
  const [only, ...more] = parts
  return more.length === 0 && only !== undefined ? only : new Uint8Array(Buffer.concat(parts))
}
