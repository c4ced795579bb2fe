/**
 * All that a machine kept is given up, or kept after all. Nothing goes at once: a point goes when its lock is over, and can be
 * taken back for as long as any that was deleted.
 */

import { BackupError } from '../../base/errors.ts'
import { findMachine } from '../catalog/machines.ts'
import { listHolds } from '../catalog/holds.ts'
import { sourcesOf, standingPoints } from '../catalog/points.ts'
import { findVault } from '../catalog/vaults.ts'
import type { Namespace } from '../objects/keys.ts'
import type { RetentionContext } from './context.ts'
import { undeletePoints } from './delete-points.ts'
import { isImmutableVault } from './rules.ts'

/** `allow` is asked if there is anything to do. @throws BackupError `retention-refused` */
export async function giveUpData(
  context: RetentionContext,
  space: Namespace,
  allow: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const { machineId } = space
  if (!(await checkGivable(context, space))) return
  await allow()
  await context.log.append(async () =>
    (await checkGivable(context, space)) ? { kind: 'data-given-up', machineId } : undefined,
  )
}

/** False where it is given up already. @throws BackupError `retention-refused` */
export async function checkGivable(
  { catalog }: RetentionContext,
  { vaultId, machineId }: Namespace,
): Promise<boolean> {
  if ((await findMachine(catalog, machineId))?.isGivenUp === 1) return false
  if (isImmutableVault(await findVault(catalog, vaultId))) throw immutable()
  if ((await listHolds(catalog, machineId)).length > 0) throw held()
  return true
}

const immutable = (): BackupError =>
  new BackupError('retention-refused', 'The vault is immutable: no data is given up in it.', {
    hint: 'Each point goes when its time is over.',
  })

const held = (): BackupError =>
  new BackupError('retention-refused', 'The machine, or something of it, is on hold.', {
    hint: 'backup-vault hold list shows what is; it goes when that is cleared.',
  })

/** Its policies count again, and what was deleted and is not gone yet comes back. Returns how many points came back. */
export async function keepData(context: RetentionContext, space: Namespace): Promise<number> {
  const { machineId } = space
  await context.log.append(async () => {
    const machine = await findMachine(context.catalog, machineId)
    return machine?.isGivenUp === 1 ? { kind: 'data-kept', machineId } : undefined
  })
  let count = 0
  for (const source of await sourcesOf(context.catalog, machineId)) {
    const standing = await standingPoints(context.catalog, { machineId, source })
    const deleted = standing.filter(({ state }) => state === 'deleted').map(({ hash }) => hash)
    for (let at = 0; at < deleted.length; at += pointsAtOnce) {
      const ids = deleted.slice(at, at + pointsAtOnce)
      count += (await undeletePoints(context, { space, ids })).length
    }
  }
  return count
}

const pointsAtOnce = 400
