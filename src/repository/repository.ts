/** A repository at hand: whose it is, its keys, its config. */

import { BackupError } from '../base/errors.ts'
import type { Secret } from '../base/secret.ts'
import { withoutSum } from '../model/record-sum.ts'
import { decodeConfig, type RepositoryConfig } from '../model/repository-config.ts'
import { maxSealedBytes } from '../model/sealed-object.ts'
import { keysOfHeld } from '../crypto/held-key.ts'
import type { RepositoryKeys } from '../crypto/keys.ts'
import { configContext, openObject } from '../crypto/sealed-object.ts'
import type { VaultConnection } from './connection.ts'

export interface Repository {
  readonly connection: VaultConnection
  readonly number: number
  /** 32 bytes. */
  readonly repositoryId: Uint8Array
  readonly keys: RepositoryKeys
  readonly config: RepositoryConfig
}

export interface RepositorySecrets {
  readonly number: number
  readonly repositoryId: Uint8Array
  /** The master key, or what a hardened machine has of it. */
  readonly heldKey: Secret
  /** The epoch that was reached before, 0 if not said. */
  readonly epoch?: number | undefined
}

/**
 * Reads the newest config. `leastConfig`: the newest number seen before.
 * @throws BackupError `vault-rolled-back` for an older one, `unsupported-format` for a feature this program does not know
 */
export async function openRepository(
  connection: VaultConnection,
  { number, repositoryId, heldKey, epoch }: RepositorySecrets,
  leastConfig = 0,
): Promise<Repository> {
  const keys = keysOfHeld(heldKey, repositoryId, epoch)
  const newest = (await connection.configs(number)).at(-1)
  if (newest === undefined || newest < leastConfig) {
    throw new BackupError(
      'vault-rolled-back',
      'The vault shows an older config of the repository than before.',
      {
        hint: 'Ask the operator whether the vault was restored from an older copy.',
      },
    )
  }
  const config = openConfig(await connection.config(number, newest), newest, keys)
  return { connection, number, repositoryId, keys, config }
}

/** @throws BackupError `damaged`, `malformed`, `unsupported-format` */
export function openConfig(
  bytes: Uint8Array,
  number: number,
  keys: RepositoryKeys,
): RepositoryConfig {
  const sealed = withoutSum(bytes, "The repository's config", maxSealedBytes + 32)
  const context = configContext(number)
  const config = decodeConfig(openObject(sealed, { type: 'config', context }, keys))
  if (config.number === number) return config
  throw new BackupError('malformed', "The repository's config bears another number.")
}
