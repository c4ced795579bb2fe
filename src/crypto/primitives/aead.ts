/** AES-256-GCM: the only place that calls ciphers. Node accepts short tags unless told otherwise, so the length is fixed here. */

import { createCipheriv, createDecipheriv } from 'node:crypto'
import { BackupError } from '../../base/errors.ts'

export const tagBytes = 16
export const nonceBytes = 12
export const keyBytes = 32

const algorithm = 'aes-256-gcm'
const options = { authTagLength: tagBytes } as const

export interface AeadContext {
  /** 32 bytes. */
  readonly key: Uint8Array
  /** 12 bytes; never the same twice under one key. */
  readonly nonce: Uint8Array
  readonly aad: Uint8Array
}

/** Twelve zero bytes, for keys that seal one message. */
export const zeroNonce: Uint8Array = new Uint8Array(nonceBytes)

/** Ciphertext ‖ tag. */
export function sealAead(context: AeadContext, plaintext: Uint8Array): Uint8Array<ArrayBuffer> {
  const sealed = new Uint8Array(plaintext.length + tagBytes)
  sealAeadInto(sealed, context, plaintext)
  return sealed
}

/** Fills `sealed`, which is longer than the plaintext by the tag. */
export function sealAeadInto(
  sealed: Uint8Array,
  { key, nonce, aad }: AeadContext,
  plaintext: Uint8Array,
): void {
  if (sealed.length !== plaintext.length + tagBytes) throw new RangeError('no room for the tag')
  const cipher = createCipheriv(algorithm, key, nonce, options)
  cipher.setAAD(aad)
  sealed.set(cipher.update(plaintext))
  cipher.final()
  sealed.set(cipher.getAuthTag(), plaintext.length)
}

/** The plaintext. @throws BackupError `damaged` if a bit of ciphertext, tag or context is not what was sealed. */
export function openAead(
  { key, nonce, aad }: AeadContext,
  sealed: Uint8Array,
): Uint8Array<ArrayBuffer> {
  if (sealed.length < tagBytes) throw notAuthentic()
  const decipher = createDecipheriv(algorithm, key, nonce, options)
  decipher.setAAD(aad)
  decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes))
  const body = decipher.update(sealed.subarray(0, sealed.length - tagBytes))
  try {
    // GCM holds nothing back: the end brings no bytes, but throws.
    decipher.final()
    return new Uint8Array(body.buffer, body.byteOffset, body.length)
  } catch (error) {
    throw notAuthentic(error)
  }
}

const notAuthentic = (cause?: unknown): BackupError =>
  new BackupError('damaged', 'Sealed bytes are not what was sealed, or the key is another.', {
    cause,
  })
