/** Names of chunks, and the keyed hash that cuts large directories (docs/format.md 3 and 7.2). */

import { createHmac } from 'node:crypto'
import type { ChunkId } from '../model/ids.ts'
import type { ChunkType } from '../model/pack.ts'
import { hmacSha256 } from './primitives/hash.ts'
import type { RepositoryKeys } from './keys.ts'

const typeBytes = [0, 1, 2, 3, 4].map((type) => Uint8Array.of(type))

/** HMAC(K_id, type ‖ plaintext). */
export const chunkId = (keys: RepositoryKeys, type: ChunkType, plaintext: Uint8Array): ChunkId =>
  createHmac('sha256', keys.id)
    .update(typeBytes[type] ?? Uint8Array.of(type))
    .update(plaintext)
    .digest('hex') as ChunkId

/** HMAC(K_id, 0 ‖ name), 32 bytes. */
export const splitHash = (keys: RepositoryKeys, name: Uint8Array): Uint8Array =>
  hmacSha256(keys.id, Uint8Array.of(0), name)
