/**
 * A machine's next repository: another master key (docs/protocol.md). Its config and its key slot are stored before the slots
 * of earlier repositories are deleted: whatever happens in between, a slot opens the newest that has one.
 */

import { BackupError } from '../../base/errors.ts'
import { maxSlotBytes } from '../../model/slot.ts'
import { limits } from '../../protocol/routes.ts'
import { numberedFolder, numberName, type Namespace, type NumberedKind } from '../objects/keys.ts'
import { readIfThere } from '../objects/object-store.ts'
import type { RetentionContext } from '../retention/context.ts'
import { deleteSlot } from './change-slots.ts'
import { slotNumbers, type SlotContext } from './live-slots.ts'

export interface WantedRepository {
  readonly space: Namespace
  readonly repository: number
  readonly config: Uint8Array<ArrayBuffer>
  readonly slot: Uint8Array<ArrayBuffer>
}

/** What there is before, and what is asked once, if there is anything to do. */
export interface Beginning {
  /** Numbers of the machine's repositories, ascending. */
  readonly existing: readonly number[]
  readonly allow: () => Promise<void>
}

/** @throws BackupError `usage` for a number that is not the next one, `already-exists` where it holds something else */
export async function beginRepository(
  context: SlotContext & RetentionContext,
  wanted: WantedRepository,
  { existing, allow }: Beginning,
): Promise<void> {
  const { repository, space } = wanted
  const newest = existing.at(-1) ?? -1
  if (repository !== newest && repository !== newest + 1) throw notNext(newest + 1)
  const isConfigThere = await isStored(context, wanted, 'configs')
  const isSlotThere = await isStored(context, wanted, 'slots')
  const old = await oldSlots(context, wanted, existing)
  if (isConfigThere && isSlotThere && old.length === 0) return
  await allow()
  if (!isConfigThere) await context.store.create(keyOf(wanted, 'configs'), wanted.config)
  if (!isSlotThere) await context.store.create(keyOf(wanted, 'slots'), wanted.slot)
  for (const each of old) {
    await deleteSlot(context, { space, repository: each.repository }, each.slot)
  }
}

const notNext = (next: number): BackupError =>
  new BackupError('usage', `The next repository is number ${next}.`, { facts: { next } })

const keyOf = ({ space, repository }: WantedRepository, kind: NumberedKind): string =>
  numberedFolder(space, repository, kind) + numberName(0)

async function isStored(
  { store }: SlotContext,
  wanted: WantedRepository,
  kind: NumberedKind,
): Promise<boolean> {
  const maxBytes = kind === 'slots' ? maxSlotBytes : limits.configBytes
  const stored = await readIfThere(store, keyOf(wanted, kind), maxBytes)
  if (stored === undefined) return false
  const bytes = kind === 'slots' ? wanted.slot : wanted.config
  if (Buffer.compare(stored, bytes) === 0) return true
  throw new BackupError('already-exists', 'That repository has begun with something else.')
}

interface PlacedSlot {
  readonly repository: number
  readonly slot: number
}

async function oldSlots(
  context: SlotContext,
  { space, repository }: WantedRepository,
  existing: readonly number[],
): Promise<readonly PlacedSlot[]> {
  const old: PlacedSlot[] = []
  for (const number of existing.filter((each) => each < repository)) {
    const { live } = await slotNumbers(context, space, number)
    for (const slot of live) old.push({ repository: number, slot })
  }
  return old
}
