/** File maps: the chunks of a file of more than 64, in pages cut like those of trees (docs/format.md 7.4). */

import { BackupError } from '../base/errors.ts'
import { readU32, viewOf } from '../base/bytes.ts'
import { CborReader } from './cbor-reader.ts'
import { CborWriter } from './cbor-writer.ts'
import type { ChunkReference } from './ids.ts'
import { chunkReferenceBytes, decodeChunkReferences, encodeChunkReferences } from './ids.ts'
import { maxChunkBytes, maxInlineChunks, maxPageBytes, maxPageLevel } from './limits.ts'
import type { PageItem } from './page-cutter.ts'
import { createPageCutter } from './page-cutter.ts'

export interface FileMapWriter {
  /** The file's chunks in order. */
  add(reference: ChunkReference): void
  /** The reference of the root page. */
  finish(): ChunkReference
}

/** For more than 64 chunks. `emit` takes a page, a chunk of type 3, and names it; children come before parents. */
export function createFileMapWriter(emit: (page: Uint8Array) => ChunkReference): FileMapWriter {
  const cutter = createPageCutter<MapItem>({ pageBytes, encodePage, itemAbove, emit })
  let chunks = 0
  return {
    add: (reference) => {
      chunks++
      const bytes = encodeChunkReferences([reference])
      cutter.add({ bytes, fileBytes: reference.lengthBytes, hash: () => bytes.subarray(0, 32) })
    },
    finish: () => {
      if (chunks <= maxInlineChunks) throw malformed('its chunks are too few')
      return cutter.finish()
    },
  }
}

/** The same for references that are at hand; returns the reference of the root page. */
export function writeFileMap(
  references: Iterable<ChunkReference>,
  emit: (page: Uint8Array) => ChunkReference,
): ChunkReference {
  const map = createFileMapWriter(emit)
  for (const reference of references) map.add(reference)
  return map.finish()
}

interface MapItem extends PageItem {
  /** Bytes of the file that it stands for. */
  readonly fileBytes: number
}

const writer = new CborWriter()

/** The map's head, level, key 1 and the byte string's head; then the items. */
const pageBytes = (_count: number, itemBytes: number): number =>
  4 + (itemBytes < 24 ? 1 : itemBytes < 0x100 ? 2 : itemBytes < 0x1_0000 ? 3 : 5) + itemBytes

function encodePage(level: number, items: readonly MapItem[]): Uint8Array {
  writer.reset()
  const begin = writer.beginMap()
  writer.uint(0)
  writer.uint(level)
  writer.uint(1)
  writer.bytes(Buffer.concat(items.map((item) => item.bytes)))
  writer.endMap(begin, 2)
  return writer.take()
}

function itemAbove(items: readonly MapItem[], reference: ChunkReference): MapItem {
  const last = items.at(-1)
  if (last === undefined) throw new BackupError('internal', 'A page is empty.')
  const fileBytes = items.reduce((sum, item) => sum + item.fileBytes, 0)
  const bytes = new Uint8Array(pieceBytes)
  bytes.set(encodeChunkReferences([reference]))
  viewOf(bytes).setBigUint64(chunkReferenceBytes, BigInt(fileBytes), true)
  return { bytes, fileBytes, hash: last.hash }
}

export interface FileMapLeaf {
  readonly level: 0
  readonly references: readonly ChunkReference[]
}

export interface FileMapParent {
  /** 1 to 15. */
  readonly level: number
  readonly pieces: readonly FileMapPiece[]
}

export interface FileMapPiece {
  readonly reference: ChunkReference
  /** Bytes of the file below it. */
  readonly fileBytes: number
}

export type FileMapPage = FileMapLeaf | FileMapParent

const pieceBytes = chunkReferenceBytes + 8

/** Decodes one page, strictly. */
export function decodeFileMapPage(bytes: Uint8Array): FileMapPage {
  const reader = new CborReader(bytes, 'a page of a file map')
  if (bytes.length > maxPageBytes) throw reader.malformed('it is too large')
  if (reader.map() !== 2 || reader.uint() !== 0) throw reader.malformed('its fields are others')
  const level = reader.uint()
  if (level > maxPageLevel) throw reader.malformed('its level is too high')
  if (reader.uint() !== 1) throw reader.malformed('its fields are others')
  const items = reader.bytes()
  reader.end()
  if (items.length === 0) throw reader.malformed('it is empty')
  return level === 0
    ? { level, references: decodeChunkReferences(items, maxChunkBytes) }
    : { level, pieces: decodePieces(items) }
}

function decodePieces(bytes: Uint8Array): FileMapPiece[] {
  if (bytes.length % pieceBytes !== 0) throw malformed('pieces do not fill their byte string')
  const pieces: FileMapPiece[] = []
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const end = at + chunkReferenceBytes
    const [reference] = decodeChunkReferences(bytes.subarray(at, end), maxPageBytes)
    const fileBytes = readU32(bytes, end) + readU32(bytes, end + 4) * 0x1_0000_0000
    if (reference === undefined || fileBytes < 1 || !Number.isSafeInteger(fileBytes)) {
      throw malformed('the bytes of a piece are outside the limits')
    }
    pieces.push({ reference, fileBytes })
  }
  return pieces
}

/** Gives the plaintext of a chunk of type 3, its id checked. */
export type LoadMapPage = (reference: ChunkReference) => Promise<Uint8Array>

/**
 * The chunks of a file of `sizeBytes`, in order. @throws BackupError `malformed` where pages contradict each other or
 * the size; the last chunks may have been handed out by then.
 */
export async function* readFileMap(
  file: { readonly map: ChunkReference; readonly sizeBytes: number },
  load: LoadMapPage,
): AsyncGenerator<ChunkReference, void, undefined> {
  const root = decodeFileMapPage(await load(file.map))
  if ('pieces' in root && root.pieces.length < 2) throw malformed('a root has one piece')
  let chunks = 0
  for await (const references of leavesOf(root, file.sizeBytes, load)) {
    chunks += references.length
    yield* references
  }
  if (chunks <= maxInlineChunks) throw malformed('its chunks are too few')
}

/** `fileBytes` is what the page has to stand for. */
async function* leavesOf(
  page: FileMapPage,
  fileBytes: number,
  load: LoadMapPage,
): AsyncGenerator<readonly ChunkReference[], void, undefined> {
  if (!('pieces' in page)) {
    checkSum(
      page.references.map((reference) => reference.lengthBytes),
      fileBytes,
    )
    yield page.references
    return
  }
  checkSum(
    page.pieces.map((piece) => piece.fileBytes),
    fileBytes,
  )
  for (const piece of page.pieces) {
    const child = decodeFileMapPage(await load(piece.reference))
    if (child.level !== page.level - 1) throw malformed('a page is of another level')
    yield* leavesOf(child, piece.fileBytes, load)
  }
}

function checkSum(lengths: readonly number[], fileBytes: number): void {
  const sum = lengths.reduce((total, length) => total + length, 0)
  if (sum !== fileBytes) throw malformed('its chunks do not add up to its size')
}

const malformed = (why: string): BackupError =>
  new BackupError('malformed', `Not a file map of this format: ${why}.`)
