/** Immutable vaults: nothing in them is deleted or shortened before its time, by machines or by the operator. */

import { BackupError } from '../../base/errors.ts'
import { findVault } from '../catalog/vaults.ts'
import type { Immutability } from '../records/entries.ts'
import type { OperatorContext } from './context.ts'
import type { Vault } from './vaults.ts'

/** @throws BackupError `retention-refused` where it is locked: that can not be ended */
export async function setImmutability(
  context: OperatorContext,
  { id: vaultId, name }: Vault,
  immutability: Immutability,
): Promise<void> {
  await context.log.append(async () => {
    const current = (await findVault(context.catalog, vaultId))?.immutability
    if (current === immutability) return undefined
    if (current === 'locked') {
      throw new BackupError('retention-refused', `${name} is locked: it stays immutable for ever.`)
    }
    return { kind: 'immutability-set', vaultId, immutability }
  })
}
