/** A machine's key slots, as far as recovery tells and needs them; where there are none, parameters that look like some. */

import { ascii, toHex } from '../../base/bytes.ts'
import { errorCodeOf } from '../../base/errors.ts'
import { hmacSha256 } from '../../crypto/primitives/hash.ts'
import { idBytes } from '../../model/ids.ts'
import {
  decodeSlot,
  defaultArgon2,
  maxSlotBytes,
  type Argon2Parameters,
  type Slot,
} from '../../model/slot.ts'
import type { RecoveryStartAnswer } from '../../protocol/messages.ts'
import type { Machine } from '../catalog/machines.ts'
import { numberedFolder, numberName, repositoriesFolder, type Namespace } from '../objects/keys.ts'
import { readWhole } from '../objects/object-store.ts'
import { slotNumbers } from '../slots/live-slots.ts'
import type { EnrolContext } from './context.ts'

type SlotParameters = RecoveryStartAnswer['slots'][number]

const maxSlots = 64

/** Never empty, and nothing but parameters. */
export async function slotParametersOf(
  context: EnrolContext,
  machine: Machine,
): Promise<SlotParameters[]> {
  const slots = await readSlots(context, machine)
  return slots.length === 0
    ? [madeUp(context.authority.secret, spaceOf(machine))]
    : slots.map(parametersOf)
}

/** Public key (32 bytes, Ed25519) of the slot; undefined if there is no such slot. */
export async function slotKeyOf(
  context: EnrolContext,
  machine: Machine,
  place: SlotPlace,
): Promise<Uint8Array | undefined> {
  const slots = await readSlots(context, machine)
  return slots.find(
    ({ repository, slot }) => repository === place.repository && slot === place.slot,
  )?.content.authPublicKey
}

interface SlotPlace {
  readonly repository: number
  readonly slot: number
}

interface PlacedSlot extends SlotPlace {
  readonly content: Slot
}

const spaceOf = (machine: Machine): Namespace => ({
  vaultId: machine.vaultId,
  machineId: machine.id,
})

/** The newest ones, if there are too many. A deleted machine has none any more. */
async function readSlots(context: EnrolContext, machine: Machine): Promise<PlacedSlot[]> {
  if (machine.state === 'deleted') return []
  const space = spaceOf(machine)
  const slots: PlacedSlot[] = []
  for (const name of await context.store.folders(repositoriesFolder(space))) {
    const repository = Number(name)
    const folder = numberedFolder(space, repository, 'slots')
    for (const slot of (await slotNumbers(context, space, repository)).live) {
      const content = await readSlot(context, folder + numberName(slot))
      if (content !== undefined) slots.push({ repository, slot, content })
    }
  }
  return slots.slice(-maxSlots)
}

/** A slot that is damaged in the store can not be recovered with: the others can. */
async function readSlot(context: EnrolContext, key: string): Promise<Slot | undefined> {
  try {
    return decodeSlot(await readWhole(context.store, key, maxSlotBytes), true)
  } catch (error) {
    if (errorCodeOf(error) === undefined) throw error
    context.messages.error({ event: 'slot-unreadable', code: errorCodeOf(error) })
    return undefined
  }
}

const parametersOf = ({ repository, slot, content }: PlacedSlot): SlotParameters => ({
  repository,
  slot,
  salt: toHex(content.salt),
  ...plainArgon2(content.argon2),
})

/** The same for the same machine at any time. */
function madeUp(secret: Uint8Array, space: Namespace): SlotParameters {
  const salt = hmacSha256(secret, ascii('slot'), idBytes(space.vaultId), idBytes(space.machineId))
  return { repository: 0, slot: 0, salt: toHex(salt), ...plainArgon2(defaultArgon2) }
}

const plainArgon2 = ({ memoryKiB, passes, lanes }: Argon2Parameters) => ({
  memoryKiB,
  passes,
  lanes,
})
