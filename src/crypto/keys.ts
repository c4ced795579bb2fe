/** The keys of a repository, all derived from its master key (docs/format.md 2.2). */

import { ascii, concatBytes } from '../base/bytes.ts'
import { BackupError } from '../base/errors.ts'
import { concealed } from '../base/secret.ts'
import { hkdfExpand, hkdfExtract } from './primitives/hash.ts'

export interface EpochKeys {
  readonly pack: Uint8Array
  readonly manifest: Uint8Array
}

export interface RepositoryKeys {
  /** 32 bytes, public: in every context. */
  readonly repositoryId: Uint8Array
  readonly id: Uint8Array
  readonly chunker: Uint8Array
  readonly index: Uint8Array
  readonly hedge: Uint8Array
  readonly local: Uint8Array
  /** New packs and manifests are sealed under it. */
  readonly currentEpoch: number
  /** Keys of epoch n. @throws BackupError `malformed` beyond the limit, `epoch-closed` where they are not held */
  epoch(number: number): EpochKeys
}

const label = (name: string) => ascii(`backup/v1/${name}`)

/** Monthly epochs for 99 years, and room: a hostile header must not make a reader ratchet for ever. */
export const maxEpoch = 65_536

/** The secret that the keys of an epoch, and of all later ones, come from. */
export interface EpochSecret {
  readonly number: number
  /** 32 bytes. */
  readonly secret: Uint8Array
}

/** The secret of a later epoch. @throws BackupError `malformed` beyond the limit, `epoch-closed` for an earlier one */
export function laterSecret({ number, secret }: EpochSecret, wanted: number): Uint8Array {
  checkEpoch(wanted, number)
  let last = secret
  for (let epoch = number; epoch < wanted; epoch++) last = hkdfExpand(last, label('epoch/next'))
  return last
}

function checkEpoch(wanted: number, first: number): void {
  if (!Number.isSafeInteger(wanted) || wanted < 0 || wanted > maxEpoch) {
    throw new BackupError('malformed', `There is no epoch ${wanted} in this format.`)
  }
  if (wanted >= first) return
  throw new BackupError(
    'epoch-closed',
    `This machine is hardened: it no longer has the key of epoch ${wanted}.`,
    { hint: 'The passphrase opens it, from --passphrase-file or BACKUP_PASSPHRASE_FILE.' },
  )
}

/** Keys of an epoch and of all that follow; those in use are kept. */
export function epochKeysFrom(first: EpochSecret): RepositoryKeys['epoch'] {
  const known = new Map<number, EpochKeys>()
  let newest = first
  return (number) => {
    checkEpoch(number, first.number)
    const found = known.get(number)
    if (found !== undefined) return found
    const start = number >= newest.number ? newest : first
    const secret = laterSecret(start, number)
    if (number > newest.number) newest = { number, secret }
    const pack = hkdfExpand(secret, label('pack'))
    const keys = concealed({ pack, manifest: hkdfExpand(secret, label('manifest')) })
    known.set(number, keys)
    return keys
  }
}

/** All that a run needs but the epoch's: 32 bytes each. */
export type LastingKeys = Pick<RepositoryKeys, 'id' | 'chunker' | 'index' | 'hedge' | 'local'>

/** `masterKey`, `repositoryId`: 32 bytes each. */
export function deriveSecrets(
  masterKey: Uint8Array,
  repositoryId: Uint8Array,
): LastingKeys & { readonly epochZero: EpochSecret } {
  const prk = hkdfExtract(repositoryId, masterKey)
  const key = (name: string) => hkdfExpand(prk, label(name))
  return {
    id: key('id'),
    chunker: key('chunker'),
    index: key('index'),
    hedge: key('hedge'),
    local: key('local'),
    epochZero: { number: 0, secret: key('epoch/0') },
  }
}

/** For the master keys of earlier repositories: a hardened machine keeps nothing that it could be made of. `salt`: 32 bytes. */
export const predecessorsKey = (
  masterKey: Uint8Array,
  repositoryId: Uint8Array,
  salt: Uint8Array,
): Uint8Array<ArrayBuffer> =>
  hkdfExpand(hkdfExtract(repositoryId, masterKey), concatBytes(label('predecessors'), salt))

/** Every epoch's. */
export function deriveKeys(
  masterKey: Uint8Array,
  repositoryId: Uint8Array,
  currentEpoch = 0,
): RepositoryKeys {
  const { epochZero, ...lasting } = deriveSecrets(masterKey, repositoryId)
  return concealed({ repositoryId, ...lasting, currentEpoch, epoch: epochKeysFrom(epochZero) })
}

/** 2,048 bytes: 256 little-endian u64 (docs/format.md 3.1). */
export const gearTable = (keys: RepositoryKeys): Uint8Array<ArrayBuffer> =>
  hkdfExpand(keys.chunker, label('gear64'), 2048)
