/** The key slots of this machine at its vault, and changes of them: another passphrase, one more, one less. */

import { toBase64Url, type RandomBytes } from '../../base/bytes.ts'
import type { Secret } from '../../base/secret.ts'
import type { Clock } from '../../base/clock.ts'
import { BackupError, errorCodeOf } from '../../base/errors.ts'
import { createSlot, openSlot } from '../../crypto/slot.ts'
import { decodeSlot, type Slot } from '../../model/slot.ts'
import type { SlotChange } from '../../protocol/messages.ts'
import type { VaultConnection } from '../../repository/connection.ts'
import type { Registration } from '../state/state.ts'

export interface StoredSlot {
  readonly number: number
  readonly bytes: Uint8Array
  readonly slot: Slot
}

/** Ascending. @throws BackupError `vault-mismatch` for a slot of another machine or repository, `malformed` */
export async function storedSlots(
  connection: VaultConnection,
  registration: Registration,
): Promise<readonly StoredSlot[]> {
  const slots: StoredSlot[] = []
  for (const number of await connection.slots(registration.repository)) {
    const bytes = await connection.slot(registration.repository, number)
    const slot = decodeSlot(bytes)
    checkOwn({ number, bytes, slot }, registration)
    slots.push({ number, bytes, slot })
  }
  return slots
}

function checkOwn({ number, slot }: StoredSlot, registration: Registration): void {
  const { vaultId, machineId, repository, repositoryId } = registration
  const isOwn =
    slot.vaultId === vaultId &&
    slot.machineId === machineId &&
    slot.repository === repository &&
    slot.slot === number &&
    Buffer.compare(slot.repositoryId, Buffer.from(repositoryId, 'hex')) === 0
  if (isOwn) return
  throw new BackupError('vault-mismatch', `The vault's key slot ${number} is not this machine's.`, {
    hint: 'Nothing was done with it. Ask the operator which service answers.',
  })
}

export interface OpenedSlot extends StoredSlot {
  /** To be disposed of after use. */
  readonly masterKey: Secret
}

/** The slot that the passphrase opens. @throws BackupError `passphrase-wrong` where it opens none */
export async function openAnySlot(
  slots: readonly StoredSlot[],
  passphrase: Secret,
): Promise<OpenedSlot> {
  for (const stored of slots) {
    try {
      return { ...stored, masterKey: await openSlot(stored.slot, passphrase) }
    } catch (error) {
      if (errorCodeOf(error) !== 'passphrase-wrong') throw error
    }
  }
  throw new BackupError('passphrase-wrong', `The passphrase opens none of ${slots.length} slots.`, {
    hint: 'Look for the right one; while this machine holds its key: backup passphrase change',
  })
}

export interface NewSlotSecrets {
  readonly passphrase: Secret
  readonly masterKey: Secret
}

/** A slot for a new passphrase in the place of others, opened once before anybody relies on it. */
export async function planSlotChange(
  secrets: NewSlotSecrets,
  place: {
    readonly registration: Registration
    readonly number: number
    readonly remove: number[]
  },
  { clock, random }: { readonly clock: Clock; readonly random: RandomBytes },
): Promise<SlotChange> {
  const { registration, number, remove } = place
  const { vaultId, machineId, repository, repositoryId } = registration
  const id = Uint8Array.from(Buffer.from(repositoryId, 'hex'))
  const facts = { vaultId, machineId, repository, repositoryId: id, slot: number }
  const bytes = await createSlot(secrets, { ...facts, createdMs: clock.now() }, random)
  const opened = await openSlot(decodeSlot(bytes), secrets.passphrase)
  const isSame = opened.equals(secrets.masterKey)
  opened.dispose()
  if (!isSame) throw new Error('A new key slot gives another key.')
  return { add: { number, slot: toBase64Url(bytes) }, remove }
}
