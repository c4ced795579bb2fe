/** Vaults of a service, and the address that their credential files name. */

import { BackupError } from '../../base/errors.ts'
import { vaultIdOf } from '../../model/ids.ts'
import { checkSoftDeleteDays } from '../../policy/soft-delete.ts'
import { listMachines } from '../catalog/machines.ts'
import { findVault, findVaultByName, listVaults, vaultNamed } from '../catalog/vaults.ts'
import type { ServiceAddress } from '../catalog/meta.ts'
import type { Row } from '../catalog/tables.ts'
import { checkGivable, keepData } from '../retention/give-up.ts'
import { isImmutableVault } from '../retention/rules.ts'
import type { OperatorContext } from './context.ts'
import { deleteMachine } from './machines.ts'

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

/** For what is deleted from now on; what was deleted before can be taken back as long as was said then. @throws BackupError `usage`, `retention-refused` */
export async function setSoftDelete(
  context: OperatorContext,
  vault: Vault,
  days: number,
): Promise<void> {
  checkSoftDeleteDays(days)
  await context.log.append(async () => {
    const current = await findVault(context.catalog, vault.id)
    if (isImmutableVault(current) && days < (current?.softDeleteDays ?? 0)) {
      throw new BackupError(
        'retention-refused',
        `${vault.name} is immutable: no time is shortened.`,
      )
    }
    return { kind: 'soft-delete-set', vaultId: vault.id, days }
  })
}

/** For credentials that are issued from now on. */
export async function setAddress(context: OperatorContext, address: ServiceAddress): Promise<void> {
  await context.log.append(() => ({ kind: 'address-set', ...address }))
}

/**
 * Gives up all that its machines have kept, and ends their registrations. Two steps, as all that deletes: see giveUpData. Its
 * name stays, so that it can be taken back.
 * @throws BackupError `retention-refused` for an immutable vault, and where something is on hold: then nothing is changed
 */
export async function deleteVault(context: OperatorContext, vault: Vault): Promise<number> {
  const machines = await listMachines(context.catalog, vault.id)
  for (const machine of machines)
    await checkGivable(context, { vaultId: vault.id, machineId: machine.id })
  await context.log.append(() => ({
    kind: 'credentials-revoked',
    vaultId: vault.id,
    purpose: undefined,
    machineId: undefined,
  }))
  for (const machine of machines) await deleteMachine(context, machine, { isDataGivenUp: true })
  return machines.length
}

/** Machines stay deleted; what they kept stays after all. Returns how many points came back. */
export async function keepVault(context: OperatorContext, vault: Vault): Promise<number> {
  let points = 0
  for (const { id: machineId } of await listMachines(context.catalog, vault.id)) {
    points += await keepData(context, { vaultId: vault.id, machineId })
  }
  return points
}
