/** From the stored bytes of a segment to its raw ones. */

import { openSegment, type SealedSegment } from '../crypto/pack-seal.ts'
import type { RepositoryKeys } from '../crypto/keys.ts'
import { decompress } from './compression.ts'

/** Authenticated, in memory of its own. @throws BackupError `damaged`, `malformed` */
export function rawSegment(segment: SealedSegment, keys: RepositoryKeys): Uint8Array<ArrayBuffer> {
  const content = openSegment(segment, keys)
  const { codec, rawBytes } = segment.facts
  return codec === 0 ? content : decompress(content, rawBytes)
}
