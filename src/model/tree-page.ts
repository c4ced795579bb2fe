/** Pages of a directory's tree: written as a function of its entries, decoded strictly (docs/format.md 7.2). */

import { BackupError } from '../base/errors.ts'
import { compareBytes } from '../base/bytes.ts'
import { CborReader } from './cbor-reader.ts'
import { CborWriter } from './cbor-writer.ts'
import type { Entry } from './entry.ts'
import { isEntryName } from './entry.ts'
import { readEntry } from './entry-reader.ts'
import type { ChunkReference } from './ids.ts'
import { decodeChunkReferences } from './ids.ts'
import { maxPageBytes, maxPageLevel } from './limits.ts'
import type { PageItem } from './page-cutter.ts'
import { createPageCutter } from './page-cutter.ts'

export interface EncodedEntry {
  readonly name: Uint8Array
  /** By `encodeEntry`. */
  readonly bytes: Uint8Array
}

export interface TreeWriterOptions {
  /** 32 bytes: `HMAC(K_id, u8 0 ‖ name)`. Asked only in directories of more than one page. */
  readonly splitHash: (name: Uint8Array) => Uint8Array
  /** Takes a page, a chunk of type 2, and names it; children come before parents. */
  readonly emit: (page: Uint8Array) => ChunkReference
}

export interface TreeWriter {
  /** Names strictly ascending; throws `malformed` otherwise. */
  add(entry: EncodedEntry): void
  /** The reference of the root page. */
  finish(): ChunkReference
}

/** Writes the pages of one directory; holds at most one open page of each level. */
export function createTreeWriter({ splitHash, emit }: TreeWriterOptions): TreeWriter {
  const cutter = createPageCutter<TreeItem>({ pageBytes, encodePage, itemAbove, emit })
  let before: Uint8Array | undefined
  return {
    add: ({ name, bytes }) => {
      if (before !== undefined && compareBytes(before, name) >= 0)
        throw malformed('names are not in order')
      before = name
      cutter.add({ bytes, firstName: name, hash: () => splitHash(name) })
    },
    finish: () => cutter.finish(),
  }
}

/** The same for entries that are at hand; returns the reference of the root page. */
export function writeTreePages(
  entries: Iterable<EncodedEntry>,
  options: TreeWriterOptions,
): ChunkReference {
  const writer = createTreeWriter(options)
  for (const entry of entries) writer.add(entry)
  return writer.finish()
}

interface TreeItem extends PageItem {
  readonly firstName: Uint8Array
}

const writer = new CborWriter()

/** The map's head, level, key 1 and the array's head; then the items. */
const pageBytes = (count: number, itemBytes: number): number => 4 + headBytes(count) + itemBytes

const headBytes = (count: number): number =>
  count < 24 ? 1 : count < 0x100 ? 2 : count < 0x1_0000 ? 3 : 5

function encodePage(level: number, items: readonly TreeItem[]): Uint8Array {
  writer.reset()
  const begin = writer.beginMap()
  writer.uint(0)
  writer.uint(level)
  writer.uint(1)
  writer.array(items.length)
  for (const item of items) writer.raw(item.bytes)
  writer.endMap(begin, 2)
  return writer.take()
}

function itemAbove(items: readonly TreeItem[], reference: ChunkReference): TreeItem {
  const first = items[0]
  const last = items.at(-1)
  if (first === undefined || last === undefined)
    throw new BackupError('internal', 'A page is empty.')
  writer.reset()
  writer.array(2)
  writer.bytes(first.firstName)
  writer.references([reference])
  return { bytes: writer.take(), firstName: first.firstName, hash: last.hash }
}

export interface TreeLeaf {
  readonly level: 0
  readonly entries: readonly Entry[]
}

export interface TreeParent {
  /** 1 to 15. */
  readonly level: number
  readonly pieces: readonly TreePiece[]
}

export interface TreePiece {
  /** Name of the first entry below. */
  readonly firstName: Uint8Array
  readonly reference: ChunkReference
}

export type TreePage = TreeLeaf | TreeParent

/** Decodes one page, strictly. Its byte strings share memory with `bytes`. */
export function decodeTreePage(bytes: Uint8Array): TreePage {
  const reader = new CborReader(bytes, 'a page of a tree')
  if (bytes.length > maxPageBytes) throw reader.malformed('it is too large')
  if (reader.map() !== 2 || reader.uint() !== 0) throw reader.malformed('its fields are others')
  const level = reader.uint()
  if (level > maxPageLevel) throw reader.malformed('its level is too high')
  if (reader.uint() !== 1) throw reader.malformed('its fields are others')
  const page: TreePage =
    level === 0
      ? { level, entries: readItems(reader, readEntry, (entry) => entry.name) }
      : { level, pieces: readItems(reader, readPiece, (piece) => piece.firstName) }
  reader.end()
  if ('pieces' in page && page.pieces.length === 0) throw reader.malformed('a parent is empty')
  return page
}

function readItems<T>(
  reader: CborReader,
  readItem: (reader: CborReader) => T,
  nameOf: (item: T) => Uint8Array,
): T[] {
  const items: T[] = []
  let before: Uint8Array | undefined
  for (let left = reader.array(); left > 0; left--) {
    const item = readItem(reader)
    const name = nameOf(item)
    if (before !== undefined && compareBytes(before, name) >= 0) {
      throw reader.malformed('names are not in order')
    }
    before = name
    items.push(item)
  }
  return items
}

function readPiece(reader: CborReader): TreePiece {
  if (reader.array() !== 2) throw reader.malformed('a piece has a wrong length')
  const firstName = reader.bytes()
  if (!isEntryName(firstName)) throw reader.malformed('a name is outside the limits')
  const [reference, ...more] = decodeChunkReferences(reader.bytes(), maxPageBytes)
  if (reference === undefined || more.length > 0)
    throw reader.malformed('a reference has a wrong length')
  return { firstName, reference }
}

const malformed = (why: string): BackupError =>
  new BackupError('malformed', `Not a tree of this format: ${why}.`)
