/**
 * A passphrase is added, changed or removed: the new slot is stored before an old one is deleted, so that whatever happens in
 * between, at least one of them opens the repository.
 */

import { fromBase64Url } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import type { SlotChange } from '../../protocol/messages.ts'
import { deletedSlotsOf } from '../catalog/deleted-slots.ts'
import { laterTime } from '../clock/vault-time.ts'
import { numberedFolder, numberName, type Namespace } from '../objects/keys.ts'
import { readIfThere } from '../objects/object-store.ts'
import type { RetentionContext } from '../retention/context.ts'
import { softDeleteMs } from '../retention/judge-source.ts'
import { maxSlotBytes } from '../../model/slot.ts'
import { slotNumbers, type SlotContext, type SlotNumbers } from './live-slots.ts'

export interface WantedChange {
  readonly space: Namespace
  readonly repository: number
  readonly change: SlotChange
}

/**
 * `allow` is asked once, if there is anything to do: a request that is repeated after its answer was lost changes nothing.
 * @throws BackupError `usage` for numbers that do not fit, and where no slot would be left
 */
export async function changeSlots(
  context: SlotContext & RetentionContext,
  wanted: WantedChange,
  allow: () => Promise<void>,
): Promise<SlotNumbers> {
  const { space, repository, change } = wanted
  const before = await slotNumbers(context, space, repository)
  const isStored = await isAddedAlready(context, wanted)
  check(wanted, before, isStored)
  const toDelete = change.remove.filter((number) => before.live.includes(number))
  if (isStored && toDelete.length === 0) return before
  await allow()
  if (change.add !== null && !isStored) {
    const key = keyOf(wanted, change.add.number)
    await context.store.create(key, bytesOf(change.add.slot))
  }
  for (const slot of toDelete) await deleteSlot(context, wanted, slot)
  return slotNumbers(context, space, repository)
}

const keyOf = ({ space, repository }: WantedChange, number: number): string =>
  numberedFolder(space, repository, 'slots') + numberName(number)

/** Also where there is nothing to add. */
async function isAddedAlready({ store }: SlotContext, wanted: WantedChange): Promise<boolean> {
  const { add } = wanted.change
  if (add === null) return true
  const stored = await readIfThere(store, keyOf(wanted, add.number), maxSlotBytes)
  return stored !== undefined && Buffer.compare(stored, bytesOf(add.slot)) === 0
}

function check({ change }: WantedChange, numbers: SlotNumbers, isStored: boolean): void {
  const { live, next } = numbers
  const { add, remove } = change
  if (add !== null && !isStored && add.number !== next) {
    throw new BackupError('usage', `The next key slot is number ${next}.`, { facts: { next } })
  }
  const unknown = remove.find((number) => number >= next || number === add?.number)
  if (unknown !== undefined) {
    throw new BackupError('usage', `There is no key slot ${unknown} to remove.`)
  }
  const left = live.filter((number) => !remove.includes(number))
  if (left.length > 0 || (add !== null && !isStored)) return
  throw new BackupError('usage', 'That is the last key slot: without it nobody could recover.', {
    hint: 'Add another passphrase first: backup passphrase add',
  })
}

/** It opens nothing from then on. */
export async function deleteSlot(
  context: SlotContext & RetentionContext,
  { space, repository }: Pick<WantedChange, 'space' | 'repository'>,
  slot: number,
): Promise<void> {
  const { machineId, vaultId } = space
  await context.log.append(async () => {
    const deleted = await deletedSlotsOf(context.catalog, machineId)
    if (deleted.some((one) => one.repository === repository && one.slot === slot)) return undefined
    const until = (await laterTime(context)) + (await softDeleteMs(context.catalog, vaultId))
    return { kind: 'slot-deleted', machineId, repository, slot, until }
  })
}

export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const bytes = fromBase64Url(text)
  if (bytes !== undefined) return bytes
  throw new BackupError('malformed', 'A key slot or a config is not base64url.')
}
