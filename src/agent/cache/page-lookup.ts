/** Finds pages in a file that `createPageFile` wrote. All of it is hostile until it is opened, and a page until its id is right. */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { ByteCache } from '../../base/byte-cache.ts'
import { compareBytes, equalBytes, readU32 } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import type { RepositoryKeys } from '../../crypto/keys.ts'
import { openObject } from '../../crypto/sealed-object.ts'
import { asArray, asBytes, asUint, decodeCbor } from '../../model/cbor.ts'
import { maxPageBytes } from '../../model/limits.ts'
import { maxSealedBytes } from '../../model/sealed-object.ts'
import { decompress } from '../../repository/compression.ts'
import {
  blockBytes,
  cacheContext,
  pageHeadBytes,
  pageLength,
  readRow,
  rowBytes,
} from './page-file.ts'

export interface PageLookup {
  /** The page of that id, sharing memory; undefined where the file has none. @throws BackupError `damaged`, `malformed`; Node's errors */
  find(id: Uint8Array): Uint8Array | undefined
  close(): void
}

interface Part {
  readonly start: number
  readonly length: number
}

/** `opened` holds blocks and tables that were opened, of all files together. */
export function openPageFile(
  path: string,
  keys: RepositoryKeys,
  opened: ByteCache<Uint8Array>,
): PageLookup {
  const fd = openSync(path, 'r')
  try {
    const open = (part: Part) =>
      openObject(readPart(fd, part), { type: 'cache', context: cacheContext }, keys)
    const { blocks, tables } = readEnd(fd, open)
    const kept = (
      key: string,
      part: Part | undefined,
      make: (payload: Uint8Array) => Uint8Array,
    ) => {
      const known = opened.get(`${path} ${key}`)
      if (known !== undefined) return known
      if (part === undefined) throw malformed('a part is missing')
      const bytes = make(open(part))
      opened.set(`${path} ${key}`, bytes, bytes.length)
      return bytes
    }
    return {
      find: (id) => {
        const number = tables.findLastIndex(
          ({ first }) => compareBytes(first, id.subarray(0, 8)) <= 0,
        )
        if (number < 0) return undefined
        const table = kept(`table ${number}`, tables[number], (payload) => payload)
        for (const { block, place } of rowsOf(table, id)) {
          const page = pageAt(kept(`block ${block}`, blocks[block], rawBlock), place, id)
          if (page !== undefined) return page
        }
        return undefined
      },
      close: () => {
        closeSync(fd)
      },
    }
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

function readPart(fd: number, { start, length }: Part): Uint8Array {
  if (length > maxSealedBytes) throw malformed('a part is too large')
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length;) {
    const read = readSync(fd, bytes, at, length - at, start + at)
    if (read === 0) throw malformed('it is cut off')
    at += read
  }
  return bytes
}

/** Where blocks and tables are: the last part says it, and the last four bytes how long that is. */
function readEnd(fd: number, open: (part: Part) => Uint8Array) {
  const fileBytes = fstatSync(fd).size
  if (fileBytes < 4) throw malformed('it is cut off')
  const length = readU32(readPart(fd, { start: fileBytes - 4, length: 4 }), 0)
  if (length > fileBytes - 4) throw malformed('it is cut off')
  const [lengths, named] = asArray(
    decodeCbor(open({ start: fileBytes - 4 - length, length })),
    'the end of a cache file',
    2,
  )
  let start = 0
  const next = (value: number): Part => {
    start += value
    return { start: start - value, length: value }
  }
  const blocks = asArray(lengths, 'blocks').map((block) => next(asUint(block, 'a length')))
  const tables = asArray(named, 'tables').map((table) => {
    const [first, tableLength] = asArray(table, 'a table', 2)
    return { first: asBytes(first, 'a key', 8), ...next(asUint(tableLength, 'a length')) }
  })
  return { blocks, tables }
}

function rawBlock(payload: Uint8Array): Uint8Array {
  if (payload.length < 8) throw malformed('a block is cut off')
  const rawBytes = readU32(payload, 4)
  if (rawBytes > blockBytes + pageHeadBytes + maxPageBytes) throw malformed('a block is too large')
  const content = payload.subarray(8)
  return readU32(payload, 0) === 1 ? decompress(content, rawBytes) : content
}

/** Rows whose key is that of the id; more than one where ids begin alike. */
function* rowsOf(table: Uint8Array, id: Uint8Array) {
  const key = id.subarray(0, 8)
  const keyAt = (row: number) => table.subarray(row * rowBytes, row * rowBytes + 8)
  const count = Math.floor(table.length / rowBytes)
  let low = 0
  for (let high = count; low < high;) {
    const middle = (low + high) >>> 1
    if (compareBytes(keyAt(middle), key) < 0) low = middle + 1
    else high = middle
  }
  for (let row = low; row < count && equalBytes(keyAt(row), key); row++) yield readRow(table, row)
}

function pageAt(raw: Uint8Array, place: number, id: Uint8Array): Uint8Array | undefined {
  const start = place + pageHeadBytes
  if (start > raw.length) throw malformed('a page lies outside its block')
  if (!equalBytes(raw.subarray(place, place + 32), id)) return undefined
  const end = start + pageLength(raw, place)
  if (end > raw.length) throw malformed('a page lies outside its block')
  return raw.subarray(start, end)
}

const malformed = (why: string): BackupError =>
  new BackupError('malformed', `Not a file of the cache: ${why}.`)
