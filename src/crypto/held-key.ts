/**
 * What a machine holds to open its repository, as its key store keeps it: the master key (32 bytes), or, hardened, a record of
 * the keys that new runs need. Such a record opens no epoch before its own.
 *
 * `magic 8 ‖ u32 epoch ‖ id ‖ chunker ‖ index ‖ hedge ‖ local ‖ E_epoch (32 bytes each) ‖ SHA-256 of all before`
 */

import { ascii, concatBytes, equalBytes, readU32, u32 } from '../base/bytes.ts'
import { BackupError } from '../base/errors.ts'
import { concealed, Secret } from '../base/secret.ts'
import { sumBytes, withoutSum, withSum } from '../model/record-sum.ts'
import {
  deriveKeys,
  deriveSecrets,
  epochKeysFrom,
  laterSecret,
  type EpochSecret,
  type LastingKeys,
  type RepositoryKeys,
} from './keys.ts'

const keyBytes = 32
const magic = ascii('BKHELD1\n')
const headBytes = magic.length + 4
const recordBytes = headBytes + 6 * keyBytes + sumBytes

/** A hardened set; any other length but that of a master key is refused when it is used. */
export const isHardened = (held: Secret): boolean => held.bytes.length !== keyBytes

/** The set for that epoch and later ones. */
export function hardenKey(masterKey: Secret, repositoryId: Uint8Array, epoch: number): Secret {
  const { epochZero, ...lasting } = deriveSecrets(masterKey.bytes, repositoryId)
  return encode(lasting, { number: epoch, secret: laterSecret(epochZero, epoch) })
}

/** @throws BackupError `epoch-closed` for an earlier epoch than the set's own */
export function advanceKey(held: Secret, epoch: number): Secret {
  const { lasting, first } = decode(held)
  return encode(lasting, { number: epoch, secret: laterSecret(first, epoch) })
}

/** @throws BackupError `malformed`, `damaged` */
export const epochOfKey = (held: Secret): number => decode(held).first.number

/** Whether it is that master key, or a set made of it. */
export const isMadeOf = (held: Secret, masterKey: Secret, repositoryId: Uint8Array): boolean =>
  held.equals(isHardened(held) ? hardenKey(masterKey, repositoryId, epochOfKey(held)) : masterKey)

/**
 * Keys of the repository. `leastEpoch`: the one that was reached before, wherever the key was kept meanwhile.
 * @throws BackupError `malformed`, `damaged`
 */
export function keysOfHeld(held: Secret, repositoryId: Uint8Array, leastEpoch = 0): RepositoryKeys {
  if (!isHardened(held)) return deriveKeys(held.bytes, repositoryId, leastEpoch)
  const { lasting, first } = decode(held)
  const currentEpoch = Math.max(first.number, leastEpoch)
  return concealed({ repositoryId, ...lasting, currentEpoch, epoch: epochKeysFrom(first) })
}

const encode = (
  { id, chunker, index, hedge, local }: LastingKeys,
  { number, secret }: EpochSecret,
): Secret =>
  new Secret(withSum(concatBytes(magic, u32(number), id, chunker, index, hedge, local, secret)))

function decode({ bytes: held }: Secret): {
  readonly lasting: LastingKeys
  readonly first: EpochSecret
} {
  const body = withoutSum(held, 'The hardened key', recordBytes)
  if (held.length !== recordBytes || !equalBytes(body.subarray(0, magic.length), magic)) {
    throw new BackupError('malformed', 'The hardened key is not one that this program knows.')
  }
  const at = (ordinal: number) => {
    const start = headBytes + ordinal * keyBytes
    return body.slice(start, start + keyBytes)
  }
  const [id, chunker, index, hedge, local] = [at(0), at(1), at(2), at(3), at(4)]
  const first = { number: readU32(body, magic.length), secret: at(5) }
  return { lasting: { id, chunker, index, hedge, local }, first }
}
