/** Reads pieces of a file that are known by their ids, and hands out those that still are what they were. */

import type { ChunkId } from '../../model/ids.ts'
import { openForReading, type SourceFile } from '../source/open-file.ts'
import type { FilePiece } from './messages.ts'

export interface PieceReaderParts {
  readonly idOf: (plaintext: Uint8Array) => ChunkId
  readonly store: (piece: FilePiece, plaintext: Uint8Array) => void
}

/** How many bytes were as they are known. Throws what the system throws when the file can not be read. */
export function readPieces(
  path: Uint8Array,
  pieces: readonly FilePiece[],
  { idOf, store }: PieceReaderParts,
): number {
  const file = openForReading(path)
  let foundBytes = 0
  try {
    for (const piece of pieces) {
      const bytes = readAt(file, piece)
      if (bytes === undefined || idOf(bytes) !== piece.reference.id) continue
      store(piece, bytes)
      foundBytes += bytes.length
    }
    return foundBytes
  } finally {
    file.close()
  }
}

/** Undefined where the file ends before. */
function readAt(file: SourceFile, { offsetBytes, reference }: FilePiece): Uint8Array | undefined {
  const bytes = new Uint8Array(reference.lengthBytes)
  for (let at = 0; at < bytes.length;) {
    const length = file.read(bytes.subarray(at), offsetBytes + at)
    if (length === 0) return undefined
    at += length
  }
  return bytes
}
