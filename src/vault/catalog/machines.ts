/** Machines: who registered, and who still counts. */

import type { MachineId, VaultId } from '../../model/ids.ts'
import type { Catalog, Row } from './tables.ts'

export type Machine = Row<'machines'>

export const findMachine = (catalog: Catalog, id: MachineId): Promise<Machine | undefined> =>
  catalog.selectFrom('machines').selectAll().where('id', '=', id).executeTakeFirst()

/** The active machine of that name. */
export const findMachineByName = (
  catalog: Catalog,
  vaultId: VaultId,
  name: string,
): Promise<Machine | undefined> =>
  catalog
    .selectFrom('machines')
    .selectAll()
    .where('vaultId', '=', vaultId)
    .where('name', '=', name)
    .where('state', '=', 'active')
    .executeTakeFirst()

/** All machines that ever bore a name, the newest first, whatever the clock did: a retired one may be recovered. */
export const machinesNamed = (
  catalog: Catalog,
  vaultId: VaultId,
  name: string,
): Promise<Machine[]> =>
  catalog
    .selectFrom('machines')
    .selectAll()
    .where('vaultId', '=', vaultId)
    .where('name', '=', name)
    .orderBy('serial', 'desc')
    .orderBy('registeredAt', 'desc')
    .execute()

/** The machine that a request registered with that credential. */
export const findMachineByRequest = (
  catalog: Catalog,
  credential: { readonly vaultId: VaultId; readonly serial: number },
  requestId: string,
): Promise<Machine | undefined> =>
  catalog
    .selectFrom('machines')
    .selectAll()
    .where('vaultId', '=', credential.vaultId)
    .where('serial', '=', credential.serial)
    .where('requestId', '=', requestId)
    .executeTakeFirst()

/** Of one vault, or of all; of one name in the order of their credentials. */
export async function listMachines(catalog: Catalog, vaultId?: VaultId): Promise<Machine[]> {
  const all = catalog
    .selectFrom('machines')
    .selectAll()
    .orderBy('name')
    .orderBy('serial')
    .orderBy('registeredAt')
  return await (vaultId === undefined ? all : all.where('vaultId', '=', vaultId)).execute()
}
