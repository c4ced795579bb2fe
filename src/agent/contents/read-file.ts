/** Reads one file to its end, cut into chunks; again when it changed meanwhile. */

import type { Chunker } from '../../chunker/chunker.ts'
import type { ChunkReference } from '../../model/ids.ts'
import type { FileFacts } from '../source/facts.ts'
import { maxChunkBytes } from '../../model/limits.ts'
import { leastHoleBytes, stretchesOf, type Stretch } from '../source/stretches.ts'
import { openForReading, type SourceFile } from '../source/open-file.ts'
import type { XattrListing } from '../source/read-xattrs.ts'
import type { FileRead } from './messages.ts'

export interface ReadContent extends Pick<
  FileRead,
  'chunks' | 'sizeBytes' | 'hasHoles' | 'facts' | 'changed'
> {
  /** Of the very file that the content is of. */
  readonly listing: XattrListing
}

export interface FileReaderParts {
  readonly chunker: Chunker
  readonly store: (plaintext: Uint8Array) => ChunkReference
  /** Called with the bytes read since the last call. */
  readonly onRead: (bytes: number) => void
}

/** A file that changes under the reader is read this often before it is kept as it was met. */
export const readTries = 3

/** Throws what the system throws when the file can not be read. */
export function createFileReader(given: FileReaderParts): (path: Uint8Array) => ReadContent {
  const parts = { ...given, zeros: zeroChunks(given.store) }
  return (path) => {
    for (let attempt = 1; ; attempt++) {
      const read = readOnce(path, parts)
      if (!read.changed || attempt === readTries) return read
    }
  }
}

interface ReaderParts extends FileReaderParts {
  readonly zeros: (lengthBytes: number) => Iterable<ChunkReference>
}

function readOnce(path: Uint8Array, parts: ReaderParts): ReadContent {
  const file = openForReading(path)
  try {
    const before = file.opened
    const { chunks, sizeBytes, hasHoles } = readChunks(file, parts)
    const listing = file.xattrs()
    const facts = file.facts()
    const changed = !isSame(before, facts) || sizeBytes !== facts.sizeBytes
    return { chunks, sizeBytes, hasHoles, facts, changed, listing }
  } finally {
    file.close()
  }
}

const isSame = (a: FileFacts, b: FileFacts): boolean =>
  a.sizeBytes === b.sizeBytes && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs

/** Small files are told of with their results. */
const toldBytes = 16 * 1024 * 1024

/** Reads to the end, wherever that is by now. Holes are not read: they are chunks of zeros. */
function readChunks(file: SourceFile, parts: ReaderParts) {
  const chunks: ChunkReference[] = []
  let sizeBytes = 0
  const stretches = stretchesOf(file)
  for (const stretch of stretches) {
    const { start, end } = stretch
    if (stretch.kind === 'hole') {
      for (const chunk of parts.zeros(end - start)) chunks.push(chunk)
      sizeBytes = end
      continue
    }
    sizeBytes = start + readStretch(file, stretch, { ...parts, chunks })
    // Cut short meanwhile: what lies behind would come to stand at a wrong place.
    if (end !== Infinity && sizeBytes < end) break
  }
  return { chunks, sizeBytes, hasHoles: stretches.some(({ kind }) => kind === 'hole') }
}

/** How many bytes were there to be read. */
function readStretch(
  file: SourceFile,
  { start, end }: Stretch,
  { chunker, store, onRead, chunks }: FileReaderParts & { readonly chunks: ChunkReference[] },
): number {
  let at = start
  let untoldBytes = 0
  let isAtEnd = false
  chunker.start()
  for (let length = -1; length !== 0;) {
    const room = chunker.room()
    const into = room.length > end - at ? room.subarray(0, end - at) : room
    length = isAtEnd || into.length === 0 ? 0 : file.read(into, at)
    chunker.accept(length)
    at += length
    // Where more follows by now, the facts say so afterwards.
    isAtEnd = length < into.length && at === file.opened.sizeBytes
    untoldBytes += length
    for (const chunk of chunker.chunks()) chunks.push(store(chunk))
    if (untoldBytes < toldBytes && length !== 0) continue
    if (untoldBytes > 0) onRead(untoldBytes)
    untoldBytes = 0
  }
  return at - start
}

/** A hole as chunks. The longest is made and named once: however large the hole, nothing is hashed again. */
function zeroChunks(store: FileReaderParts['store']): ReaderParts['zeros'] {
  const zeros = new Uint8Array(leastHoleBytes)
  let longest: ChunkReference | undefined
  return function* (lengthBytes) {
    let left = lengthBytes
    for (; left >= maxChunkBytes; left -= maxChunkBytes) {
      yield (longest ??= store(new Uint8Array(maxChunkBytes)))
    }
    if (left > 0) yield store(left > zeros.length ? new Uint8Array(left) : zeros.subarray(0, left))
  }
}
