/** Making and opening key slots (docs/format.md 2.1). */

import { timingSafeEqual } from 'node:crypto'
import { ascii, type RandomBytes } from '../base/bytes.ts'
import { BackupError } from '../base/errors.ts'
import { concealed, Secret } from '../base/secret.ts'
import {
  defaultArgon2,
  encodeSlot,
  encodeSlotBody,
  encodeSlotHead,
  type Argon2Parameters,
  type Slot,
  type SlotHead,
} from '../model/slot.ts'
import { openAead, sealAead, zeroNonce } from './primitives/aead.ts'
import { argon2 } from './primitives/argon2.ts'
import { hkdfExpand, hmacSha256 } from './primitives/hash.ts'
import { ed25519PublicKey } from './primitives/signature.ts'

/** What a passphrase gives for one salt. */
export interface SlotKeys {
  readonly kek: Uint8Array
  readonly commit: Uint8Array
  /** Seed of the Ed25519 key that proves the passphrase. */
  readonly auth: Uint8Array
}

export interface SlotDerivation extends Argon2Parameters {
  /** 32 bytes. */
  readonly salt: Uint8Array
  readonly allowWeak?: boolean
}

/** Takes about half a second and the memory that the parameters say. */
export async function deriveSlotKeys(
  passphrase: Secret,
  derivation: SlotDerivation,
): Promise<SlotKeys> {
  const stretched = await argon2(passphrase.bytes, derivation.salt, derivation)
  const key = (name: string) => hkdfExpand(stretched, ascii(`backup/v1/slot/${name}`))
  const keys = concealed({ kek: key('kek'), commit: key('commit'), auth: key('auth') })
  stretched.fill(0)
  return keys
}

export type NewSlot = Omit<SlotHead, 'argon2' | 'salt' | 'authPublicKey'> & {
  readonly argon2?: Argon2Parameters
}

/** The slot's stored bytes. */
export async function createSlot(
  secrets: { readonly passphrase: Secret; readonly masterKey: Secret },
  facts: NewSlot,
  random: RandomBytes,
): Promise<Uint8Array<ArrayBuffer>> {
  const parameters = facts.argon2 ?? defaultArgon2
  const salt = random(32)
  const keys = await deriveSlotKeys(secrets.passphrase, { ...parameters, salt, allowWeak: true })
  const head: SlotHead = {
    ...facts,
    argon2: parameters,
    salt,
    authPublicKey: ed25519PublicKey(keys.auth),
  }
  const sealedMasterKey = sealAead(
    { key: keys.kek, nonce: zeroNonce, aad: encodeSlotHead(head) },
    secrets.masterKey.bytes,
  )
  const commitment = hmacSha256(keys.commit, encodeSlotBody(head, sealedMasterKey))
  wipeSlotKeys(keys)
  return encodeSlot({ ...head, sealedMasterKey, commitment })
}

/** The master key. @throws BackupError `passphrase-wrong` */
export async function openSlot(slot: Slot, passphrase: Secret): Promise<Secret> {
  const keys = await deriveSlotKeys(passphrase, {
    ...slot.argon2,
    salt: slot.salt,
    allowWeak: true,
  })
  try {
    return openSlotWith(slot, keys)
  } finally {
    wipeSlotKeys(keys)
  }
}

/** After use. */
export function wipeSlotKeys({ kek, commit, auth }: SlotKeys): void {
  for (const key of [kek, commit, auth]) key.fill(0)
}

/** The commitment comes first: a slot belongs to one passphrase. */
export function openSlotWith(slot: Slot, keys: SlotKeys): Secret {
  const commitment = hmacSha256(keys.commit, encodeSlotBody(slot, slot.sealedMasterKey))
  if (!timingSafeEqual(commitment, slot.commitment)) {
    throw new BackupError('passphrase-wrong', 'The passphrase does not open this key slot.', {
      hint: 'Check the passphrase, upper and lower case among others.',
    })
  }
  const context = { key: keys.kek, nonce: zeroNonce, aad: encodeSlotHead(slot) }
  return new Secret(openAead(context, slot.sealedMasterKey))
}
