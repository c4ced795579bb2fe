/** Bytes as a failing disk or a hostile vault gives them, and what a reader says to them. */

import { BackupError } from '../../src/base/errors.ts'

/** A copy with one bit turned over; which one of the byte changes with the place. */
export function flipped(bytes: Uint8Array, at: number): Uint8Array<ArrayBuffer> {
  const out = Uint8Array.from(bytes)
  out[at] = (out[at] ?? 0) ^ (1 << (at % 8))
  return out
}

/** One copy for each byte of [from, to). */
export const allFlipped = (bytes: Uint8Array, from = 0, to = bytes.length): Uint8Array[] =>
  Array.from({ length: to - from }, (_, index) => flipped(bytes, from + index))

/** All that is shorter, the empty string first. */
export const allCut = (bytes: Uint8Array): Uint8Array[] =>
  Array.from({ length: bytes.length }, (_, length) => bytes.subarray(0, length))

/** The code that `work` is refused with; the name of an error that is none of ours, or that nothing was refused. */
export function refusalOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof BackupError) return error.code
    return error instanceof Error ? `not ours: ${error.name}: ${error.message}` : 'not ours'
  }
  return 'accepted'
}

/** Every refusal that there was, sorted, each once. */
export const refusalsOf = (
  inputs: readonly Uint8Array[],
  read: (input: Uint8Array) => unknown,
): string[] => [...new Set(inputs.map((input) => refusalOf(() => read(input))))].sort()
