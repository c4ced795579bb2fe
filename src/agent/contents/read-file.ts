/** Reads one file to its end, cut into chunks; again when it changed meanwhile. */

import type { Chunker } from '../../chunker/chunker.ts'
import type { ChunkReference } from '../../model/ids.ts'
import type { FileFacts } from '../source/facts.ts'
import { openForReading, type SourceFile } from '../source/open-file.ts'
import type { FileRead } from './messages.ts'

export type ReadContent = Pick<FileRead, 'chunks' | 'sizeBytes' | 'facts' | 'changed'>

export interface FileReaderParts {
  readonly chunker: Chunker
  readonly store: (plaintext: Uint8Array) => ChunkReference
  /** Called with the bytes read since the last call. */
  readonly onRead: (bytes: number) => void
}

/** A file that changes under the reader is read this often before it is kept as it was met. */
export const readTries = 3

/** Throws what the system throws when the file can not be read. */
export function createFileReader(parts: FileReaderParts): (path: Uint8Array) => ReadContent {
  return (path) => {
    for (let attempt = 1; ; attempt++) {
      const read = readOnce(path, parts)
      if (!read.changed || attempt === readTries) return read
    }
  }
}

function readOnce(path: Uint8Array, parts: FileReaderParts): ReadContent {
  const file = openForReading(path)
  try {
    const before = file.opened
    const { chunks, sizeBytes } = readChunks(file, parts)
    const facts = file.facts()
    const changed = !isSame(before, facts) || sizeBytes !== facts.sizeBytes
    return { chunks, sizeBytes, facts, changed }
  } finally {
    file.close()
  }
}

const isSame = (a: FileFacts, b: FileFacts): boolean =>
  a.sizeBytes === b.sizeBytes && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs

/** Small files are told of with their results. */
const toldBytes = 16 * 1024 * 1024

/** Reads to the end, wherever that is by now. */
function readChunks(file: SourceFile, { chunker, store, onRead }: FileReaderParts) {
  const chunks: ChunkReference[] = []
  let sizeBytes = 0
  let untoldBytes = 0
  chunker.start()
  for (let length = -1; length !== 0;) {
    length = file.read(chunker.room())
    chunker.accept(length)
    sizeBytes += length
    untoldBytes += length
    for (const chunk of chunker.chunks()) chunks.push(store(chunk))
    if (untoldBytes < toldBytes && length !== 0) continue
    if (untoldBytes > 0) onRead(untoldBytes)
    untoldBytes = 0
  }
  return { chunks, sizeBytes }
}
