/** `body ‖ signature ‖ SHA-256(body ‖ signature)`: the envelope of everything that the vault says under its own name. */

import { concatBytes, equalBytes } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import { sha256 } from '../../base/hash.ts'
import { signatureBytes, sumBytes, type VaultSigner } from './signer.ts'

export interface SigningContext {
  readonly label: string
  readonly signer: VaultSigner
}

export async function sealSigned(
  body: Uint8Array,
  context: SigningContext,
): Promise<Uint8Array<ArrayBuffer>> {
  const signature = await context.signer.sign(context.label, body)
  if (signature.length !== signatureBytes) throw new Error('A signature has a wrong length.')
  return concatBytes(body, signature, sha256(body, signature))
}

/**
 * The body, after sum and signature have been checked.
 * @throws BackupError `damaged`
 */
export async function openSigned(
  bytes: Uint8Array,
  context: SigningContext & { readonly what: string },
): Promise<Uint8Array> {
  const bodyEnd = bytes.length - signatureBytes - sumBytes
  if (bodyEnd < 1) throw damaged(context.what, 'it is too short')
  const signedEnd = bytes.length - sumBytes
  if (!equalBytes(sha256(bytes.subarray(0, signedEnd)), bytes.subarray(signedEnd))) {
    throw damaged(context.what, 'its sum is wrong')
  }
  const body = bytes.subarray(0, bodyEnd)
  if (!(await context.signer.verify(context.label, body, bytes.subarray(bodyEnd, signedEnd)))) {
    throw damaged(context.what, "it is not signed by the vault's authority")
  }
  return body
}

const damaged = (what: string, why: string): BackupError =>
  new BackupError('damaged', `${what} can not be believed: ${why}.`)
