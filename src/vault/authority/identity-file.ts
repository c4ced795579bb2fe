/**
 * The operator's identity file: a service's identity sealed under a passphrase, to be kept apart from the vault.
 *
 *     "BKUPIDNT" ‖ u32 version 1 ‖ u32 memory KiB ‖ u32 passes ‖ u32 lanes ‖ salt (32)
 *     ‖ GCM(Expand(Argon2id(passphrase, salt), "backup/v1/identity"), nonce 0, aad = all before, JSON)
 */

import { ascii, concatBytes, equalBytes, readU32, u32, type RandomBytes } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import { openAead, sealAead, zeroNonce } from '../../crypto/primitives/aead.ts'
import { argon2 } from '../../crypto/primitives/argon2.ts'
import { hkdfExpand } from '../../crypto/primitives/hash.ts'
import { checkArgon2, defaultArgon2, type Argon2Parameters } from '../../model/slot.ts'
import {
  encodeIdentity,
  maxIdentityBytes,
  parseIdentity,
  type ServiceIdentity,
} from './identity.ts'

const magic = ascii('BKUPIDNT')
const saltAt = 24
const headBytes = saltAt + 32
export const maxIdentityFileBytes = headBytes + maxIdentityBytes + 16

/** `passphrase`: its bytes (model/passphrase.ts). */
export async function sealIdentity(
  identity: ServiceIdentity,
  passphrase: Uint8Array,
  random: RandomBytes,
): Promise<Uint8Array<ArrayBuffer>> {
  const { memoryKiB, passes, lanes } = defaultArgon2
  const salt = random(32)
  const head = concatBytes(magic, u32(1), u32(memoryKiB), u32(passes), u32(lanes), salt)
  const key = await keyOf(passphrase, salt, defaultArgon2)
  return concatBytes(head, sealAead({ key, nonce: zeroNonce, aad: head }, encodeIdentity(identity)))
}

/** @throws BackupError `malformed`, `unsupported-format`, `passphrase-wrong` (or damaged: that can not be told apart) */
export async function openIdentity(
  bytes: Uint8Array,
  passphrase: Uint8Array,
): Promise<ServiceIdentity> {
  const { parameters, salt } = readHead(bytes)
  const key = await keyOf(passphrase, salt, parameters)
  const plain = open(key, bytes)
  return parseIdentity(plain, 'The identity file')
}

function readHead(bytes: Uint8Array) {
  if (bytes.length < headBytes || !equalBytes(bytes.subarray(0, magic.length), magic)) {
    throw new BackupError('malformed', 'This is not an identity file of backup-vault.')
  }
  const version = readU32(bytes, 8)
  if (version !== 1) {
    throw new BackupError('unsupported-format', `The identity file is of version ${version}.`)
  }
  const parameters: Argon2Parameters = {
    memoryKiB: readU32(bytes, 12),
    passes: readU32(bytes, 16),
    lanes: readU32(bytes, 20),
  }
  checkArgon2(parameters)
  return { parameters, salt: bytes.subarray(saltAt, headBytes) }
}

const keyOf = async (
  passphrase: Uint8Array,
  salt: Uint8Array,
  parameters: Argon2Parameters,
): Promise<Uint8Array> =>
  hkdfExpand(await argon2(passphrase, salt, parameters), ascii('backup/v1/identity'))

function open(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  const aad = bytes.subarray(0, headBytes)
  try {
    return openAead({ key, nonce: zeroNonce, aad }, bytes.subarray(headBytes))
  } catch (error) {
    throw new BackupError(
      'passphrase-wrong',
      'The identity file does not open with this passphrase.',
      {
        hint: 'It is another passphrase, or the file is damaged.',
        cause: error,
      },
    )
  }
}
