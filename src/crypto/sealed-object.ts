/** Sealing and opening configs, indexes, manifests and the cache (docs/format.md 5). */

import { ascii, concatBytes, u32, u64, u8, type RandomBytes } from '../base/bytes.ts'
import { sha256 } from '../base/hash.ts'
import { idBytes, type ObjectId, type RecordHash, type SourceName } from '../model/ids.ts'
import {
  decodeSealedHeader,
  encodeSealedHeader,
  padPayload,
  sealedHeaderBytes,
  sealedTypeCode,
  unpadPayload,
  type SealedHeader,
  type SealedType,
} from '../model/sealed-object.ts'
import type { RepositoryKeys } from './keys.ts'
import { openAead, sealAead, zeroNonce } from './primitives/aead.ts'
import { hkdfExpand, hmacSha256 } from './primitives/hash.ts'

export interface SealedContent {
  readonly type: SealedType
  readonly epoch: number
  readonly context: Uint8Array
  readonly payload: Uint8Array
}

export function sealObject(
  content: SealedContent,
  keys: RepositoryKeys,
  random: RandomBytes,
): Uint8Array<ArrayBuffer> {
  const { type, epoch, context, payload } = content
  const salt = hmacSha256(keys.hedge, u8(sealedTypeCode[type]), random(32), sha256(payload))
  const header = encodeSealedHeader({ type, epoch, salt })
  const aead = aeadOf({ type, epoch, salt }, keys, concatBytes(header, keys.repositoryId, context))
  return concatBytes(header, sealAead(aead, padPayload(payload)))
}

/** The payload. @throws BackupError `damaged`, `malformed`, `unsupported-format` */
export function openObject(
  bytes: Uint8Array,
  expected: { readonly type: SealedType; readonly context: Uint8Array },
  keys: RepositoryKeys,
): Uint8Array {
  const header = decodeSealedHeader(bytes, expected.type)
  const aad = concatBytes(bytes.subarray(0, sealedHeaderBytes), keys.repositoryId, expected.context)
  return unpadPayload(openAead(aeadOf(header, keys, aad), bytes.subarray(sealedHeaderBytes)))
}

const aeadOf = ({ type, epoch, salt }: SealedHeader, keys: RepositoryKeys, aad: Uint8Array) => ({
  key: hkdfExpand(
    typeKey(type, epoch, keys),
    concatBytes(ascii('object'), u8(sealedTypeCode[type]), salt),
  ),
  nonce: zeroNonce,
  aad,
})

function typeKey(type: SealedType, epoch: number, keys: RepositoryKeys): Uint8Array {
  switch (type) {
    case 'config':
    case 'index':
      return keys.index
    case 'manifest':
      return keys.epoch(epoch).manifest
    case 'cache':
      return keys.local
  }
}

/** What a config is bound to. */
export const configContext = (number: number): Uint8Array => u32(number)

/** What an index is bound to: nothing but its repository. */
export const indexContext: Uint8Array = new Uint8Array(0)

export interface ManifestPlace {
  readonly source: SourceName
  readonly seq: number
  readonly previous: RecordHash
  readonly refsRoot: ObjectId
}

/** What a manifest is bound to: the point that names it. */
export const manifestContext = ({ source, seq, previous, refsRoot }: ManifestPlace): Uint8Array =>
  concatBytes(u8(source.length), ascii(source), u64(seq), idBytes(previous), idBytes(refsRoot))
