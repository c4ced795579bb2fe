/** The same bytes for the same seed, on every run and machine. */

import { createHash } from 'node:crypto'

export const pseudoRandomBytes = (seed: string, lengthBytes: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(createHash('shake256', { outputLength: lengthBytes }).update(seed).digest())
