/** `gear64` in plain TypeScript, as docs/format.md 3.1 says it: slow, and what the kernel is compared with. */

import { viewOf } from '../base/bytes.ts'
import type { ChunkerParameters } from './parameters.ts'

/** The hash of the place `at`: that of the up to 64 bytes that end there. */
export function referenceHash(bytes: Uint8Array, at: number, table: Uint8Array): bigint {
  const view = viewOf(table)
  let hash = 0n
  for (const byte of bytes.subarray(Math.max(0, at - 63), at + 1)) {
    hash = BigInt.asUintN(64, (hash << 1n) + view.getBigUint64(byte * 8, true))
  }
  return hash
}

/** Where the chunks of a whole file end: ascending offsets, the last one is the file's length. */
export function referenceCuts(
  bytes: Uint8Array,
  table: Uint8Array,
  parameters: ChunkerParameters,
): number[] {
  const topZeroBits = rollingTopZeroBits(table)
  const cuts: number[] = []
  let start = 0
  bytes.forEach((byte, at) => {
    const zeroBits = topZeroBits(byte)
    if (!endsChunk(at + 1 - start, zeroBits, parameters)) return
    start = at + 1
    cuts.push(start)
  })
  if (start < bytes.length) cuts.push(bytes.length)
  return cuts
}

function endsChunk(lengthBytes: number, zeroBits: number, parameters: ChunkerParameters): boolean {
  if (lengthBytes < parameters.minBytes) return false
  if (lengthBytes === parameters.maxBytes) return true
  return (
    zeroBits >=
    (lengthBytes < parameters.normalBytes ? parameters.strictBits : parameters.looseBits)
  )
}

/** Takes a file's bytes one by one and says how many top bits of the hash are zero; the hash as two halves of 32 bits. */
function rollingTopZeroBits(table: Uint8Array): (byte: number) => number {
  const view = viewOf(table)
  let high = 0
  let low = 0
  return (byte) => {
    const sum = ((low << 1) >>> 0) + view.getUint32(byte * 8, true)
    high = ((high << 1) | (low >>> 31)) + view.getUint32(byte * 8 + 4, true)
    high = (high + (sum > 0xffffffff ? 1 : 0)) >>> 0
    low = sum >>> 0
    return high === 0 ? 32 + Math.clz32(low) : Math.clz32(high)
  }
}
