/** Vaults by name and id. */

import { BackupError } from '../../base/errors.ts'
import type { VaultId } from '../../model/ids.ts'
import type { Catalog, Row } from './tables.ts'

export const listVaults = (catalog: Catalog): Promise<Row<'vaults'>[]> =>
  catalog.selectFrom('vaults').selectAll().orderBy('name').execute()

export const findVault = (catalog: Catalog, id: VaultId): Promise<Row<'vaults'> | undefined> =>
  catalog.selectFrom('vaults').selectAll().where('id', '=', id).executeTakeFirst()

export const findVaultByName = (
  catalog: Catalog,
  name: string,
): Promise<Row<'vaults'> | undefined> =>
  catalog.selectFrom('vaults').selectAll().where('name', '=', name).executeTakeFirst()

/** @throws BackupError `not-found` */
export async function vaultNamed(catalog: Catalog, name: string): Promise<Row<'vaults'>> {
  const vault = await findVaultByName(catalog, name)
  if (vault !== undefined) return vault
  throw new BackupError('not-found', `There is no vault named ${JSON.stringify(name)}.`, {
    hint: 'backup-vault vault list shows those there are.',
  })
}
