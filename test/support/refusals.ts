/** Reading what was spoilt: which copies were accepted all the same. */

import { BackupError } from '../../src/base/errors.ts'

/**
 * The places among `at` where `read` took a spoilt copy for good. Refusals are ours and say what is wrong; any other
 * error is thrown on.
 */
export async function acceptedAt(
  places: Iterable<number>,
  read: (at: number) => unknown,
): Promise<number[]> {
  const accepted: number[] = []
  for (const at of places) {
    try {
      await read(at)
      accepted.push(at)
    } catch (error) {
      if (!(error instanceof BackupError)) throw error
    }
  }
  return accepted
}

/** 0, 1, … length - 1. */
export const everyByte = (length: number): number[] => Array.from({ length }, (_, at) => at)

/** So many places from the first byte to the last. */
export const spread = (length: number, count: number): number[] => [
  ...new Set(
    Array.from({ length: count }, (_, at) => Math.round((at * (length - 1)) / (count - 1))),
  ),
]
