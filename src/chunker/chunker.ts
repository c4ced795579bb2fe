/**
 * Cuts one file after another into chunks while they are read.
 *
 * The reader reads straight into the kernel's memory, and chunks are views of it: nothing is copied but the begun
 * chunk when the memory's end is reached. Where a file is cut depends on its bytes alone, never on how it was read.
 *
 *     chunker.start()
 *     for (let read = -1; read !== 0; ) {
 *       read = readSync(fd, chunker.room())
 *       chunker.accept(read)
 *       for (const chunk of chunker.chunks()) …
 *     }
 */

import type { Gear64Kernel } from './gear64.ts'
import { checkChunkerParameters, type ChunkerParameters } from './parameters.ts'

export interface Chunker {
  /** Begins a file; what is left of the one before is dropped. */
  start(): void
  /** Where the file's next bytes belong: at least `blockBytes` long. Ends the life of the views given so far. */
  room(): Uint8Array<ArrayBuffer>
  /** Says how many bytes were put into `room()`; 0 says that the file ends here. */
  accept(lengthBytes: number): void
  /** The chunks that are complete by now, each a view that lives until the next `room()` or `start()`. */
  chunks(): Generator<Uint8Array<ArrayBuffer>, void>
}

/** The hash of a byte reaches back over this many bytes before it. */
const warmUpBytes = 63

/** How much memory a kernel needs for `createChunker`; twice the need keeps moves rare. */
export const chunkerCapacityBytes = (parameters: ChunkerParameters, blockBytes: number): number =>
  2 * (warmUpBytes + parameters.maxBytes + blockBytes)

/** @throws BackupError `unsupported-format` for parameters that this version can not cut with. */
export function createChunker(
  kernel: Gear64Kernel,
  parameters: ChunkerParameters,
  blockBytes: number,
): Chunker {
  checkChunkerParameters(parameters)
  const { memory } = kernel
  if (memory.length < warmUpBytes + parameters.maxBytes + blockBytes) {
    throw new RangeError('the kernel has too little memory')
  }
  // Offsets in memory: the open chunk's first byte, the first byte not judged yet, the end of what was read.
  let open = 0
  let judged = 0
  let filled = 0
  let ended = false

  const start = () => {
    open = judged = filled = 0
    ended = false
  }

  const makeRoom = () => {
    const keep = Math.max(0, open - warmUpBytes)
    memory.copyWithin(0, keep, filled)
    open -= keep
    judged -= keep
    filled -= keep
  }

  /** The end of the first place in [from, to) that has `bits` zero bits, of those not judged yet. */
  const firstCut = (from: number, to: number, bits: number): number | undefined => {
    const first = Math.max(from, judged)
    const end = Math.min(to, filled)
    if (first >= end) return undefined
    const at = kernel.scan(0, first, end, bits)
    judged = Math.min(at + 1, end)
    return at < end ? at + 1 : undefined
  }

  const nextCut = (): number | undefined => {
    const normal = open + parameters.normalBytes - 1
    const last = open + parameters.maxBytes - 1
    const found =
      firstCut(open + parameters.minBytes - 1, normal, parameters.strictBits) ??
      firstCut(normal, last, parameters.looseBits)
    if (found !== undefined) return found
    if (filled > last) return last + 1
    return ended && filled > open ? filled : undefined
  }

  return {
    start,
    room: () => {
      if (memory.length - filled < blockBytes) makeRoom()
      return memory.subarray(filled)
    },
    accept: (lengthBytes) => {
      if (lengthBytes > memory.length - filled)
        throw new RangeError('more bytes than there was room')
      filled += lengthBytes
      ended = lengthBytes === 0
    },
    *chunks() {
      for (let cut = nextCut(); cut !== undefined; cut = nextCut()) {
        const chunk = memory.subarray(open, cut)
        open = cut
        yield chunk
      }
    },
  }
}
