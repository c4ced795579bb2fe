/** The keys of a repository, all derived from its master key (docs/format.md 2.2). */

import { ascii } from '../base/bytes.ts'
import { BackupError } from '../base/errors.ts'
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
  /** Keys of epoch n. @throws BackupError `malformed` beyond the limit */
  epoch(number: number): EpochKeys
}

const label = (name: string) => ascii(`backup/v1/${name}`)

/** Monthly epochs for 99 years, and room: a hostile header must not make a reader ratchet for ever. */
const maxEpoch = 65_536

/** `masterKey`, `repositoryId`: 32 bytes each. */
export function deriveKeys(masterKey: Uint8Array, repositoryId: Uint8Array): RepositoryKeys {
  const prk = hkdfExtract(repositoryId, masterKey)
  const key = (name: string) => hkdfExpand(prk, label(name))
  const secrets = [key('epoch/0')]
  const epochs = new Map<number, EpochKeys>()
  const secretOf = (number: number): Uint8Array => {
    for (let last = secrets.at(-1); secrets.length <= number && last !== undefined;) {
      last = hkdfExpand(last, label('epoch/next'))
      secrets.push(last)
    }
    return secrets[number] ?? new Uint8Array(0)
  }
  return {
    repositoryId,
    id: key('id'),
    chunker: key('chunker'),
    index: key('index'),
    hedge: key('hedge'),
    local: key('local'),
    epoch: (number) => {
      if (!Number.isSafeInteger(number) || number < 0 || number > maxEpoch) {
        throw new BackupError('malformed', `There is no epoch ${number} in this format.`)
      }
      const known = epochs.get(number)
      if (known !== undefined) return known
      const secret = secretOf(number)
      const keys = {
        pack: hkdfExpand(secret, label('pack')),
        manifest: hkdfExpand(secret, label('manifest')),
      }
      epochs.set(number, keys)
      return keys
    },
  }
}

/** 2,048 bytes: 256 little-endian u64 (docs/format.md 3.1). */
export const gearTable = (keys: RepositoryKeys): Uint8Array<ArrayBuffer> =>
  hkdfExpand(keys.chunker, label('gear64'), 2048)
