/** Vaults of a service, and the address that their credential files name. */

import { BackupError } from '../../base/errors.ts'
import { vaultIdOf } from '../../model/ids.ts'
import { checkSoftDeleteDays } from '../../policy/soft-delete.ts'
import { listMachines } from '../catalog/machines.ts'
import { findVaultByName, listVaults, vaultNamed } from '../catalog/vaults.ts'
import type { ServiceAddress } from '../catalog/meta.ts'
import type { Row } from '../catalog/tables.ts'
import type { OperatorContext } from './context.ts'

export type Vault = Row<'vaults'>

/** @throws BackupError `usage`, `already-exists` */
export async function createVault(context: OperatorContext, name: string): Promise<Vault> {
  checkVaultName(name)
  await context.log.append(async () => {
    if ((await findVaultByName(context.catalog, name)) === undefined) {
      return { kind: 'vault-created', vaultId: vaultIdOf(context.random(16)), name }
    }
    throw new BackupError('already-exists', `There is a vault named ${name} already.`)
  })
  return await vaultNamed(context.catalog, name)
}

function checkVaultName(name: string): void {
  if (/^[a-z0-9][a-z0-9-]{0,31}$/.test(name)) return
  throw new BackupError('usage', `${JSON.stringify(name)} can not be the name of a vault.`, {
    hint: 'Use 1 to 32 of a-z, 0-9 and -, not beginning with -.',
  })
}

export interface VaultSummary extends Vault {
  readonly activeMachines: number
}

export async function summarizeVaults(context: OperatorContext): Promise<VaultSummary[]> {
  const vaults = await listVaults(context.catalog)
  const machines = await listMachines(context.catalog)
  return vaults.map((vault) => ({
    ...vault,
    activeMachines: machines.filter(
      (machine) => machine.vaultId === vault.id && machine.state === 'active',
    ).length,
  }))
}

/** For what is deleted from now on; what was deleted before can be taken back as long as was said then. @throws BackupError `usage` */
export async function setSoftDelete(
  context: OperatorContext,
  vault: Vault,
  days: number,
): Promise<void> {
  checkSoftDeleteDays(days)
  await context.log.append(() => ({ kind: 'soft-delete-set', vaultId: vault.id, days }))
}

/** For credentials that are issued from now on. */
export async function setAddress(context: OperatorContext, address: ServiceAddress): Promise<void> {
  await context.log.append(() => ({ kind: 'address-set', ...address }))
}
