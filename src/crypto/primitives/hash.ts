/** HMAC and HKDF (RFC 5869) with SHA-256; plain SHA-256 is in base/hash.ts. */

import { createHmac } from 'node:crypto'
import { concatBytes, u8 } from '../../base/bytes.ts'

export { sha256 } from '../../base/hash.ts'

const hashBytes = 32

/** 32 bytes over the parts joined. */
export function hmacSha256(
  key: Uint8Array,
  ...parts: readonly Uint8Array[]
): Uint8Array<ArrayBuffer> {
  const mac = createHmac('sha256', key)
  for (const part of parts) mac.update(part)
  return Uint8Array.from(mac.digest())
}

/** The pseudorandom key, 32 bytes. An empty salt stands for 32 zero bytes. */
export const hkdfExtract = (salt: Uint8Array, ikm: Uint8Array): Uint8Array<ArrayBuffer> =>
  hmacSha256(salt, ikm)

/** Up to 8,160 bytes for `info`. */
export function hkdfExpand(
  key: Uint8Array,
  info: Uint8Array,
  lengthBytes = hashBytes,
): Uint8Array<ArrayBuffer> {
  if (lengthBytes > 255 * hashBytes) throw new RangeError('HKDF can not expand that far')
  const out = new Uint8Array(Math.ceil(lengthBytes / hashBytes) * hashBytes)
  let block = new Uint8Array(0)
  for (let at = 0; at < out.length; at += hashBytes) {
    block = hmacSha256(key, concatBytes(block, info, u8(at / hashBytes + 1)))
    out.set(block, at)
  }
  return out.slice(0, lengthBytes)
}
