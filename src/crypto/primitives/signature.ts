/** Signatures: ECDSA P-256 with SHA-256 as r ‖ s (64 bytes), and Ed25519 (RFC 8032) from raw 32-byte keys. */

import {
  createPrivateKey,
  createPublicKey,
  sign,
  verify,
  type KeyObject,
  type KeyLike,
} from 'node:crypto'
import { ascii, concatBytes } from '../../base/bytes.ts'

const p1363 = 'ieee-p1363' as const

/** `label ‖ message`, so that a signature is good for one purpose. */
const labelled = (label: string, message: Uint8Array): Uint8Array =>
  concatBytes(ascii(label), message)

export const signP256 = (key: KeyObject, label: string, message: Uint8Array): Uint8Array =>
  Uint8Array.from(sign('sha256', labelled(label, message), { key, dsaEncoding: p1363 }))

/** False for anything but a good signature by that key. */
export function verifyP256(
  key: KeyLike,
  signed: { readonly label: string; readonly message: Uint8Array },
  signature: Uint8Array,
): boolean {
  if (signature.length !== 64) return false
  const publicKey = typeof key === 'object' && 'type' in key ? key : createPublicKey(key)
  if (publicKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return false
  const message = labelled(signed.label, signed.message)
  return verify('sha256', message, { key: publicKey, dsaEncoding: p1363 }, signature)
}

/** PKCS#8 and SPKI in front of a raw Ed25519 key (RFC 8410). */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex')
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex')

const ed25519Key = (seed: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: 'der', type: 'pkcs8' })

/** 32 bytes, for a seed of 32 bytes. */
export function ed25519PublicKey(seed: Uint8Array): Uint8Array<ArrayBuffer> {
  const spki = createPublicKey(ed25519Key(seed)).export({ format: 'der', type: 'spki' })
  return Uint8Array.from(spki.subarray(spkiPrefix.length))
}

/** 64 bytes. */
export const signEd25519 = (seed: Uint8Array, message: Uint8Array): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(sign(null, message, ed25519Key(seed)))

export function verifyEd25519(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false
  const key = createPublicKey({
    key: Buffer.concat([spkiPrefix, publicKey]),
    format: 'der',
    type: 'spki',
  })
  return verify(null, message, key, signature)
}
