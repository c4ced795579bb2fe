/**
 * Master keys of a machine's earlier repositories, sealed under that of a later one (docs/format.md 5.1): who opens the newest
 * opens all, and no earlier one opens a later.
 */

import { concatBytes, readU32, u32, type RandomBytes } from '../base/bytes.ts'
import { BackupError } from '../base/errors.ts'
import { Secret } from '../base/secret.ts'
import { predecessorsKey } from './keys.ts'
import { openAead, sealAead, zeroNonce } from './primitives/aead.ts'

export interface Predecessor {
  readonly number: number
  /** 32 bytes. */
  readonly repositoryId: Uint8Array
  readonly masterKey: Secret
}

/** Whose config holds them. */
export interface Successor {
  readonly masterKey: Secret
  /** 32 bytes. */
  readonly repositoryId: Uint8Array
}

const saltBytes = 32
const recordBytes = 4 + 32 + 32

/** `salt 32 ‖ ciphertext ‖ tag`; inside, for each, `u32 number ‖ id of the repository 32 ‖ master key 32`, ascending. */
export function sealPredecessors(
  predecessors: readonly Predecessor[],
  { masterKey, repositoryId }: Successor,
  random: RandomBytes,
): Uint8Array<ArrayBuffer> {
  const salt = random(saltBytes)
  const plain = concatBytes(
    ...predecessors.flatMap((each) => [u32(each.number), each.repositoryId, each.masterKey.bytes]),
  )
  const key = predecessorsKey(masterKey.bytes, repositoryId, salt)
  const sealed = sealAead({ key, nonce: zeroNonce, aad: repositoryId }, plain)
  plain.fill(0)
  return concatBytes(salt, sealed)
}

/** To be disposed of after use. @throws BackupError `damaged`, `malformed` */
export function openPredecessors(
  sealed: Uint8Array,
  { masterKey, repositoryId }: Successor,
): Predecessor[] {
  const key = predecessorsKey(masterKey.bytes, repositoryId, sealed.subarray(0, saltBytes))
  const context = { key, nonce: zeroNonce, aad: repositoryId }
  const plain = openAead(context, sealed.subarray(saltBytes))
  if (plain.length === 0 || plain.length % recordBytes !== 0) throw malformed()
  const found: Predecessor[] = []
  for (let at = 0; at < plain.length; at += recordBytes) {
    const number = readU32(plain, at)
    if (number <= (found.at(-1)?.number ?? -1)) throw malformed()
    const id = plain.slice(at + 4, at + 36)
    const own = new Secret(plain.slice(at + 36, at + recordBytes))
    found.push({ number, repositoryId: id, masterKey: own })
  }
  plain.fill(0)
  return found
}

const malformed = (): BackupError =>
  new BackupError('malformed', 'The keys of earlier repositories are not well formed.')
