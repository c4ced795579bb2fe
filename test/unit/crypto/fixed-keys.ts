/** The keys and the randomness of all vectors. */

import type { RandomBytes } from '../../../src/base/bytes.ts'
import { deriveKeys } from '../../../src/crypto/keys.ts'
import { pseudoRandomBytes } from '../../support/pseudo-random.ts'

/** 32 bytes that count up from `first`. */
export const counting = (first: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length: 32 }, (_, index) => first + index)

export const masterKey = counting(0x00)
export const repositoryId = counting(0x20)
export const keys = deriveKeys(masterKey, repositoryId)

/** The same bytes on every run; `given` keeps them, as vectors have to show them. */
export function fixedRandom(seed: string): {
  readonly random: RandomBytes
  readonly given: Uint8Array[]
} {
  const given: Uint8Array[] = []
  const random: RandomBytes = (length) => {
    const bytes = pseudoRandomBytes(`${seed} ${given.length}`, length)
    given.push(bytes)
    return bytes
  }
  return { random, given }
}
