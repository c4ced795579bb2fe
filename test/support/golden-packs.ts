/** The golden vault's packs, taken apart. */

import { openDirectory } from '../../src/crypto/pack-seal.ts'
import type { RepositoryKeys } from '../../src/crypto/keys.ts'
import {
  decodePackHeader,
  packHeaderBytes,
  segmentRanges,
  type SegmentFacts,
} from '../../src/model/pack.ts'

export interface PackParts {
  readonly header: Uint8Array
  /** Header and directory. */
  readonly head: Uint8Array
  readonly segments: readonly { readonly facts: SegmentFacts; readonly stored: Uint8Array }[]
  /** Where the padding begins. */
  readonly end: number
}

export function partsOfPack(bytes: Uint8Array, keys: RepositoryKeys): PackParts {
  const header = bytes.subarray(0, packHeaderBytes)
  const { directoryBytes } = decodePackHeader(header)
  const head = bytes.subarray(0, packHeaderBytes + directoryBytes)
  const { segments } = openDirectory(head, keys)
  const ranges = segmentRanges(directoryBytes, segments)
  return {
    header,
    head,
    end: ranges.at(-1)?.end ?? 0,
    segments: segments.map((facts, ordinal) => {
      const { start, end } = ranges[ordinal] ?? { start: 0, end: 0 }
      return { facts, stored: bytes.subarray(start, end) }
    }),
  }
}
