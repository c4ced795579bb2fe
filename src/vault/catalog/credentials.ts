/** Vault credentials: files that were issued, by serial. */

import type { MachineId, VaultId } from '../../model/ids.ts'
import type { CredentialPurpose } from '../records/entries.ts'
import type { Catalog, Row } from './tables.ts'

export type Credential = Row<'credentials'>

export const findCredential = (
  catalog: Catalog,
  vaultId: VaultId,
  serial: number,
): Promise<Credential | undefined> =>
  catalog
    .selectFrom('credentials')
    .selectAll()
    .where('vaultId', '=', vaultId)
    .where('serial', '=', serial)
    .executeTakeFirst()

/** What a credential is for: the newest for the same is the only one that is good. */
export interface CredentialUse {
  readonly vaultId: VaultId
  readonly purpose: CredentialPurpose
  /** For recovery. */
  readonly machineId: MachineId | null
}

export const newestCredential = (
  catalog: Catalog,
  use: CredentialUse,
): Promise<Credential | undefined> =>
  catalog
    .selectFrom('credentials')
    .selectAll()
    .where('vaultId', '=', use.vaultId)
    .where('purpose', '=', use.purpose)
    .where('machineId', use.machineId === null ? 'is' : '=', use.machineId)
    .orderBy('serial', 'desc')
    .limit(1)
    .executeTakeFirst()

/** One more than the highest that the vault has issued; the first is 1. */
export async function nextSerial(catalog: Catalog, vaultId: VaultId): Promise<number> {
  const row = await catalog
    .selectFrom('credentials')
    .select((of) => of.fn.max<number | null>('serial').as('serial'))
    .where('vaultId', '=', vaultId)
    .executeTakeFirst()
  return (row?.serial ?? 0) + 1
}

export const listCredentials = (catalog: Catalog, vaultId: VaultId): Promise<Credential[]> =>
  catalog
    .selectFrom('credentials')
    .selectAll()
    .where('vaultId', '=', vaultId)
    .orderBy('serial')
    .execute()
