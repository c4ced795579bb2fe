/** Deleted key slots go for good when their time is over: what they wrap could be guessed from a copy for ever. */

import { deletedSlotsUntil } from '../catalog/deleted-slots.ts'
import { findMachine } from '../catalog/machines.ts'
import { earlierTime } from '../clock/vault-time.ts'
import { numberedFolder, numberName } from '../objects/keys.ts'
import type { RetentionContext } from '../retention/context.ts'
import type { SlotContext } from './live-slots.ts'

/** Returns how many went. A clock that jumped ahead ends nothing. */
export async function purgeSlots(context: SlotContext & RetentionContext): Promise<number> {
  let purged = 0
  const over = await deletedSlotsUntil(context.catalog, await earlierTime(context))
  for (const { machineId, repository, slot } of over) {
    const machine = await findMachine(context.catalog, machineId)
    if (machine === undefined) continue
    const { vaultId } = machine
    const key = numberedFolder({ vaultId, machineId }, repository, 'slots') + numberName(slot)
    if ((await context.store.stat(key)) === undefined) continue
    await context.store.remove(key)
    purged += 1
  }
  return purged
}
