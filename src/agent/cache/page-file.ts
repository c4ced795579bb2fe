/**
 * A file of pages, in the order in which a walk met them: sealed blocks of gathered pages, then tables that say where each
 * page lies, then what says where blocks and tables are. Nothing of it is kept in memory but 16 bytes a page while it is written.
 */

import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { joinBytes, readU32, u32, viewOf, type RandomBytes } from '../../base/bytes.ts'
import type { RepositoryKeys } from '../../crypto/keys.ts'
import { sealObject } from '../../crypto/sealed-object.ts'
import { encodeCbor } from '../../model/cbor.ts'
import { idBytes, type ChunkId } from '../../model/ids.ts'
import { createCompressor } from '../../repository/compression.ts'

/** Raw bytes at which a block is complete. */
export const blockBytes = 256 * 1024
/** A page in its block: `id (32) ‖ u32 length ‖ page`. */
export const pageHeadBytes = 36
/** A page in its table: the first 8 bytes of its id, block, place in the raw block. */
export const rowBytes = 16
const rowsATable = 4096
/** Blocks are read once or twice in their life. */
const fastestLevel = 1

export interface PageFileWriter {
  add(id: ChunkId, page: Uint8Array): void
  /** Makes the file complete and durable, under the name it was begun with. */
  finish(): void
  /** Lets go of an unfinished file. */
  close(): void
}

export interface Sealing {
  readonly keys: RepositoryKeys
  readonly random: RandomBytes
}

/** What the cache seals is bound to nothing but its repository: pages are recognised by their ids. */
export const cacheContext: Uint8Array = new Uint8Array(0)

export function createPageFile(path: string, { keys, random }: Sealing): PageFileWriter {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const fd = openSync(path, 'wx', 0o600)
  const compressor = createCompressor(fastestLevel)
  const rows = createRows()
  const blockLengths: number[] = []
  let pages: Uint8Array[] = []
  let rawBytes = 0
  let isOpen = true

  const append = (payload: Uint8Array): number => {
    const content = { type: 'cache', epoch: 0, context: cacheContext, payload } as const
    const sealed = sealObject(content, keys, random)
    writeAll(fd, sealed)
    return sealed.length
  }
  const endBlock = () => {
    if (pages.length === 0) return
    const { codec, content } = compressor.compress(joinBytes(pages))
    blockLengths.push(append(joinBytes([u32(codec), u32(rawBytes), content])))
    pages = []
    rawBytes = 0
  }
  const close = () => {
    if (isOpen) closeSync(fd)
    isOpen = false
  }
  return {
    add: (id, page) => {
      const bytes = idBytes(id)
      rows.add(bytes, { block: blockLengths.length, place: rawBytes })
      pages.push(bytes, u32(page.length), page)
      rawBytes += pageHeadBytes + page.length
      if (rawBytes >= blockBytes) endBlock()
    },
    finish: () => {
      endBlock()
      const tables = rows.tables().map((table) => [table.subarray(0, 8), append(table)] as const)
      const end = append(
        encodeCbor([blockLengths, tables.map(([first, length]) => [first, length])]),
      )
      writeAll(fd, u32(end))
      fsyncSync(fd)
      close()
    },
    close,
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at)
}

interface RowPlace {
  readonly block: number
  readonly place: number
}

/** Collects rows as they come, and hands them out sorted. */
function createRows() {
  let words = new Uint32Array(1024 * 4)
  let count = 0
  return {
    add: (id: Uint8Array, { block, place }: RowPlace) => {
      if ((count + 1) * 4 > words.length) words = grown(words)
      const view = viewOf(id)
      words.set([view.getUint32(0), view.getUint32(4), block, place], count * 4)
      count++
    },
    tables: (): Uint8Array[] => {
      const word = (row: number, at: number) => words[row * 4 + at] ?? 0
      const order = Uint32Array.from({ length: count }, (_, row) => row).sort(
        (a, b) => word(a, 0) - word(b, 0) || word(a, 1) - word(b, 1),
      )
      const tables: Uint8Array[] = []
      for (let first = 0; first < count; first += rowsATable) {
        const part = order.subarray(first, first + rowsATable)
        const table = new Uint8Array(part.length * rowBytes)
        const view = viewOf(table)
        part.forEach((row, at) => {
          for (let w = 0; w < 4; w++) view.setUint32(at * rowBytes + w * 4, word(row, w))
        })
        tables.push(table)
      }
      return tables
    },
  }
}

function grown(words: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(words.length * 2)
  larger.set(words)
  return larger
}

/** The place of a row whose table is at hand. */
export const readRow = (table: Uint8Array, row: number): RowPlace => {
  const view = viewOf(table)
  return {
    block: view.getUint32(row * rowBytes + 8),
    place: view.getUint32(row * rowBytes + 12),
  }
}

/** The length of a page, by its head in a raw block. */
export const pageLength = (raw: Uint8Array, place: number): number => readU32(raw, place + 32)
