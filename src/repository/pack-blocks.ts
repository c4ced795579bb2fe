/**
 * Stored bytes of packs, read in blocks of 128 KiB, so that a vault does not learn where segments lie; in pieces of 4 MiB
 * where a quarter of the pack is wanted. Blocks that others wait for, or that were read lately, are not asked for again.
 * Bytes of a range prove nothing by themselves: they are authenticated when a segment is opened.
 */

import { BackupError, errorCodeOf } from '../base/errors.ts'
import { createByteCache } from '../base/byte-cache.ts'
import type { ObjectId } from '../model/ids.ts'
import type { ByteRange } from './connection.ts'
import type { Repository } from './repository.ts'

const blockBytes = 128 * 1024
const pieceBytes = 4 * 1024 * 1024
/** A segment may lie in two of them. */
const keptPieces = 2

/** A pack and its length, padding included. */
export interface StoredPack {
  readonly id: ObjectId
  readonly sizeBytes: number
}

export interface PackBlocks {
  /** The bytes of each range; ranges lie within the pack. */
  read(pack: StoredPack, ranges: readonly ByteRange[]): Promise<Uint8Array[]>
  /** A range, widened to whole blocks, of which nothing is kept; shorter where the pack is. `from`: where it begins. */
  readSpan(
    pack: StoredPack,
    span: ByteRange,
  ): Promise<{ readonly bytes: Uint8Array; readonly from: number }>
  /** Reads the whole pack anew, checked against its id: the vault answers from a second copy where it has one. Tried once. */
  refresh(pack: StoredPack): Promise<Uint8Array>
  /** Bytes received so far. */
  readonly bytesFetched: number
}

/** `cacheBytes` bounds what is kept of blocks, and of pieces, after it was handed out. */
export function createPackBlocks(repository: Repository, cacheBytes: number): PackBlocks {
  const { connection, number } = repository
  const kept = createByteCache<Uint8Array>(cacheBytes)
  const coming = new Map<string, Promise<Uint8Array>>()
  const pieces = createByteCache<Uint8Array>(Math.min(cacheBytes, keptPieces * pieceBytes))
  const comingPieces = new Map<string, Promise<Uint8Array>>()
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
  /** A damaged pack is read all the same: most of its segments may be good. */
  const piece = (pack: StoredPack, number: number): Promise<Uint8Array> | Uint8Array => {
    const key = keyOf(pack, number)
    const known = pieces.get(key) ?? comingPieces.get(key)
    if (known !== undefined) return known
    const start = number * pieceBytes
    const range = { start, end: Math.min(start + pieceBytes, pack.sizeBytes) }
    const bytes = part(pack, range)
      .then((all) => {
        pieces.set(key, all, all.length)
        return all
      })
      .finally(() => comingPieces.delete(key))
    comingPieces.set(key, bytes)
    return bytes
  }
  const readPieces = async (pack: StoredPack, ranges: readonly ByteRange[]) => {
    const numbers = [...new Set(ranges.flatMap((range) => unitsOf(range, pieceBytes)))]
    const pending = numbers.map(async (at) => [at, await piece(pack, at)] as const)
    const found = new Map(await Promise.all(pending))
    return ranges.map((range) => assemble(range, pieceBytes, found))
  }
  const keepPieces = (pack: StoredPack, all: Uint8Array) => {
    for (const at of unitsOf({ start: 0, end: pack.sizeBytes }, pieceBytes)) {
      const bytes = all.slice(at * pieceBytes, (at + 1) * pieceBytes)
      pieces.set(keyOf(pack, at), bytes, bytes.length)
    }
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
  const isMuch = (pack: StoredPack, blocks: readonly number[]) => {
    const wanted = wantedOf.get(pack.id) ?? new Set()
    for (const block of blocks) wanted.add(block)
    wantedOf.set(pack.id, wanted, 1)
    return wanted.size * 4 >= blockCount(pack)
  }
  const needsMuch = (pack: StoredPack, blocks: readonly number[]) =>
    isMuch(pack, blocks) && !blocks.every((block) => isThere(pack, block))
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
      const blocks = [...new Set(ranges.flatMap((range) => unitsOf(range, blockBytes)))].sort(
        (a, b) => a - b,
      )
      if (needsMuch(pack, blocks)) return readPieces(pack, ranges)
      request(pack, blocks)
      const pending = blocks.map(async (at) => [at, await block(pack, at)] as const)
      const found = new Map(await Promise.all(pending))
      return ranges.map((range) => assemble(range, blockBytes, found))
    },
    readSpan: async (pack, { start, end }) => {
      const from = Math.floor(start / blockBytes) * blockBytes
      const to = Math.min(Math.ceil(end / blockBytes) * blockBytes, pack.sizeBytes)
      return { bytes: await part(pack, { start: from, end: to }), from }
    },
    refresh: (pack) => {
      const known = refreshing.get(pack.id)
      if (known !== undefined) return known
      // Pieces come from it when it is there and good: others may want good segments of a damaged pack meanwhile.
      const bytes = connection.object(number, pack.id).then((all) => {
        keepPieces(pack, counted(all))
        return all
      })
      refreshing.set(pack.id, bytes)
      void bytes.then(() => refreshing.delete(pack.id)).catch(() => undefined)
      return bytes
    },
    get bytesFetched() {
      return bytesFetched
    },
  }
}

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

/** The numbers of the blocks, or pieces, that a range touches. */
const unitsOf = ({ start, end }: ByteRange, unitBytes: number): number[] =>
  numbers(Math.floor(start / unitBytes), Math.ceil(end / unitBytes))

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

/** A range out of its blocks or pieces; shorter than asked for where the pack is shorter than its index says. */
function assemble(
  range: ByteRange,
  unitBytes: number,
  units: ReadonlyMap<number, Uint8Array>,
): Uint8Array {
  const parts = unitsOf(range, unitBytes).map((at) => {
    const begin = at * unitBytes
    const bytes = units.get(at) ?? new Uint8Array(0)
    return bytes.subarray(Math.max(0, range.start - begin), Math.min(unitBytes, range.end - begin))
  })
  const [only, ...more] = parts
  return more.length === 0 && only !== undefined ? only : new Uint8Array(Buffer.concat(parts))
}
