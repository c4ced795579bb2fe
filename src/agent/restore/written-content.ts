/** The bytes of a file on disk: written with holes for runs of zeros, read back by chunk. */

import { ftruncateSync, readSync, writeSync } from 'node:fs'
import type { ChunkReference } from '../../model/ids.ts'
import type { FileEntry } from '../../model/entry.ts'
import type { FileContext } from './context.ts'

/** Runs of zeros become holes in pieces of this size; shorter files have none. */
const holeBytes = 64 * 1024
const zeros = Buffer.alloc(holeBytes)

/** Leaves zeros out; the file has to be new, and gets its length by `setLength`. */
export function writeSparsely(fd: number, bytes: Uint8Array, position: number): void {
  let from = 0
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + holeBytes - ((position + at) % holeBytes))
    // Of a run that goes on in the next chunk the end is a part of a piece.
    if (zeros.subarray(0, end - at).equals(bytes.subarray(at, end))) {
      writeFully(fd, bytes.subarray(from, at), position + from)
      from = end
    }
    at = end
  }
  writeFully(fd, bytes.subarray(from), position + from)
}

export function writeFully(fd: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length;) {
    at += writeSync(fd, bytes, at, bytes.length - at, position + at)
  }
}

export const mayHaveHoles = ({ sizeBytes, flags }: FileEntry): boolean =>
  flags.sparse || sizeBytes >= holeBytes

/** Ends the file where it is to end: with a hole, or before what a copy had. */
export function setLength(fd: number, entry: FileEntry): void {
  if (mayHaveHoles(entry)) ftruncateSync(fd, entry.sizeBytes)
}

/** The bytes that lie there if they are this chunk. */
export function readChunk(
  fd: number,
  { id, lengthBytes, position }: ChunkReference & { readonly position: number },
  nameOf: FileContext['nameOf'],
): Uint8Array | undefined {
  const bytes = Buffer.allocUnsafe(lengthBytes)
  let length = 0
  for (let read = -1; read !== 0 && length < lengthBytes; length += read) {
    read = readSync(fd, bytes, length, lengthBytes - length, position + length)
  }
  return length === lengthBytes && nameOf(bytes) === id ? bytes : undefined
}

/** Named chunk by chunk, as a backup would: nothing is fetched for it. */
export async function holdsContent(
  fd: number,
  entry: FileEntry,
  { tree, nameOf }: Pick<FileContext, 'tree' | 'nameOf'>,
): Promise<boolean> {
  let position = 0
  for await (const reference of tree.content(entry)) {
    if (readChunk(fd, { ...reference, position }, nameOf) === undefined) return false
    position += reference.lengthBytes
  }
  return true
}
