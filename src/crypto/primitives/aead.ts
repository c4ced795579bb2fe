/** AES-256-GCM: the only place that calls ciphers. Node accepts short tags unless told otherwise, so the length is fixed here. */

import { createCipheriv, createDecipheriv } from 'node:crypto'
import { BackupError } from '../../base/errors.ts'
import { concatBytes } from '../../base/bytes.ts'

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
export function sealAead(
  { key, nonce, aad }: AeadContext,
  plaintext: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const cipher = createCipheriv(algorithm, key, nonce, options)
  cipher.setAAD(aad)
  const body = cipher.update(plaintext)
  return concatBytes(body, cipher.final(), cipher.getAuthTag())
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
    return concatBytes(body, decipher.final())
  } catch (error) {
    throw notAuthentic(error)
  }
}

const notAuthentic = (cause?: unknown): BackupError =>
  new BackupError('damaged', 'Sealed bytes are not what was sealed, or the key is another.', {
    cause,
  })
