/** Opening a vault's directory: for `serve` and for every command beside it. */

import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { RandomBytes } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import { openAuthority, type Authority } from './authority/authority.ts'
import { openCatalog } from './catalog/open.ts'
import type { Catalog } from './catalog/tables.ts'
import { openFileStore } from './objects/file-store.ts'
import type { ObjectStore } from './objects/object-store.ts'
import { createVaultLog, type VaultLog } from './records/log.ts'

export interface Surroundings {
  readonly clock: Clock
  readonly random: RandomBytes
}

/** What a vault is without its catalog. */
export interface VaultGround extends Surroundings {
  readonly directory: string
  readonly authority: Authority
  readonly store: ObjectStore
}

export interface OpenVault extends VaultGround {
  readonly catalog: Catalog
  readonly log: VaultLog
  close(): Promise<void>
}

export const catalogPath = (directory: string): string => join(directory, 'catalog.sqlite')

/** @throws BackupError `not-found` (no vault there), `file-permissions`, `state-damaged`, `unsupported-format` */
export async function openGround(
  directory: string,
  surroundings: Surroundings,
): Promise<VaultGround> {
  const authority = await openAuthority(directory, surroundings)
  const store = await openFileStore(directory, surroundings)
  return { ...surroundings, directory, authority, store }
}

/**
 * The catalog has read the whole log when this returns.
 * @throws BackupError as openGround, and `catalog-behind`
 */
export async function openVault(directory: string, surroundings: Surroundings): Promise<OpenVault> {
  const ground = await openGround(directory, surroundings)
  await keepToOwner(catalogPath(directory))
  const catalog = await openCatalog(catalogPath(directory))
  const log = createVaultLog({ ...ground, catalog, signer: ground.authority })
  try {
    await log.verify()
    await log.catchUp()
  } catch (error) {
    await catalog.destroy()
    throw error
  }
  return { ...ground, catalog, log, close: () => catalog.destroy() }
}

/** The database would be made as the process's umask says. */
const keepToOwner = async (path: string): Promise<void> => (await open(path, 'a', 0o600)).close()
