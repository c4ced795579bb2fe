/** An operator's own key: Ed25519, in a file that only its owner can read. The vault knows the public half alone. */

import { z } from 'zod'
import { fromBase64Url, toBase64Url, type RandomBytes } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import { ed25519PublicKey, signEd25519 } from '../../crypto/primitives/signature.ts'

export interface OperatorKey {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** 64 bytes. */
  sign(message: Uint8Array): Uint8Array
}

export interface NewOperatorKey {
  readonly publicKey: Uint8Array
  /** The file's content. */
  readonly bytes: Uint8Array
}

export const maxOperatorKeyBytes = 1_024
const keyLength = 32

const fileSchema = z.strictObject({
  format: z.literal(1),
  kind: z.literal('operator-key'),
  seed: z.string().max(64),
})

export function makeOperatorKey(random: RandomBytes): NewOperatorKey {
  const seed = random(keyLength)
  const file = { format: 1, kind: 'operator-key', seed: toBase64Url(seed) }
  const bytes = Buffer.from(`${JSON.stringify(file)}\n`)
  return { publicKey: ed25519PublicKey(seed), bytes }
}

/** @throws BackupError `malformed` */
export function openOperatorKey(bytes: Uint8Array): OperatorKey {
  const seed = seedIn(bytes)
  if (seed?.length !== keyLength) throw new BackupError('malformed', 'This is no operator key.')
  return {
    publicKey: ed25519PublicKey(seed),
    sign: (message) => signEd25519(seed, message),
  }
}

/** No cause is told: it could quote the file. */
function seedIn(bytes: Uint8Array): Uint8Array | undefined {
  try {
    const json: unknown = JSON.parse(Buffer.from(bytes).toString())
    return fromBase64Url(fileSchema.parse(json).seed)
  } catch {
    return undefined
  }
}

/** As `operators keygen` shows it. @throws BackupError `usage` */
export function parsePublicKey(text: string): Uint8Array {
  const bytes = fromBase64Url(text)
  if (bytes?.length === keyLength) return bytes
  throw new BackupError('usage', 'This is no public key of an operator.', {
    hint: 'It has 43 characters: backup-vault operators keygen shows it.',
  })
}
