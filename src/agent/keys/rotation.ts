/**
 * Another master key: the machine's next repository (docs/design.md, "Another master key"). Its config holds the keys of the
 * ones before, so that its slot opens everything; the machine changes over when the vault has it.
 */

import { rm } from 'node:fs/promises'
import { fromBase64Url, fromHex, toBase64Url, toHex, type RandomBytes } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import { BackupError } from '../../base/errors.ts'
import { replaceFile } from '../../base/files.ts'
import { Secret } from '../../base/secret.ts'
import { sealPredecessors } from '../../crypto/predecessors.ts'
import { createSlot, openSlot } from '../../crypto/slot.ts'
import { decodeSlot, type Slot } from '../../model/slot.ts'
import type { VaultConnection } from '../../repository/connection.ts'
import { openRepository } from '../../repository/repository.ts'
import { sealConfig } from '../register/first-config.ts'
import { removeKeyFiles } from '../state/key-files.ts'
import type { KeyStoreSettings } from '../state/key-store-state.ts'
import type { PendingRotation } from '../state/rotation-state.ts'
import type { AgentState, Registration } from '../state/state.ts'
import { monthOf, narrowKey } from './epochs.ts'
import type { KeyStore } from './key-store.ts'
import { predecessorsOf, type HeldRepository } from './repositories.ts'

export interface PlannedRotation {
  readonly rotation: PendingRotation
  /** Of the next repository. */
  readonly masterKey: Secret
}

/** `held`: the newest repository with its whole master key. `passphrase`: for the new slot. Nothing is sent. */
export async function planRotation(
  held: HeldRepository,
  wanted: { readonly passphrase: Secret; readonly registration: Registration },
  { clock, random }: { readonly clock: Clock; readonly random: RandomBytes },
): Promise<PlannedRotation> {
  const { connection, number, repositoryId: oldId } = held.repository
  const repository = ((await connection.repositories()).at(-1) ?? 0) + 1
  const masterKey = new Secret(random(32))
  const repositoryId = random(32)
  const createdMs = clock.now()
  const old = [
    ...predecessorsOf(held),
    { number, repositoryId: oldId, masterKey: held.heldKey.copy() },
  ]
  const predecessors = sealPredecessors(old, { masterKey, repositoryId }, random)
  for (const each of old) each.masterKey.dispose()
  const config = sealConfig(
    { masterKey, repositoryId, repository, createdMs, predecessors },
    random,
  )
  const { vaultId, machineId, keyStore } = wanted.registration
  const facts = { vaultId, machineId, repository, repositoryId, slot: 0, createdMs }
  const slot = await createSlot({ passphrase: wanted.passphrase, masterKey }, facts, random)
  const beginning = { config: toBase64Url(config), slot: toBase64Url(slot) }
  const before = { repository: number, ...(keyStore && { keyStore }) }
  return { rotation: { repository, beginning, before }, masterKey }
}

/** The key of a rotation that was begun. @throws BackupError `passphrase-wrong` */
export const keyOfRotation = (
  { beginning }: PendingRotation,
  passphrase: Secret,
): Promise<Secret> => openSlot(slotOf(beginning), passphrase)

const slotOf = ({ slot }: PendingRotation['beginning']): Slot => decodeSlot(bytesOf(slot))

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => fromBase64Url(text) ?? new Uint8Array(0)

/** Whether the vault has stored exactly that. */
export async function isAtVault(
  { repository, beginning }: PendingRotation,
  connection: VaultConnection,
): Promise<boolean> {
  if (!(await connection.repositories()).includes(repository)) return false
  if (!(await connection.slots(repository)).includes(0)) return false
  return toBase64Url(await connection.slot(repository, 0)) === beginning.slot
}

export interface NewPlace {
  readonly state: AgentState
  readonly settings: KeyStoreSettings
  readonly store: KeyStore
  readonly clock: Clock
}

interface OldAgent {
  readonly connection: VaultConnection
  readonly registration: Registration
}

/**
 * Changes over to the repository that the vault has begun. The registration says which one counts, and all that it needs lies
 * there before: interrupted, the machine goes on with the old one, whose points the new one's slot opens as well.
 */
export async function adoptRotation(
  planned: PlannedRotation,
  before: OldAgent,
  { state, settings, store, clock }: NewPlace,
): Promise<Registration> {
  const { repository: number, beginning } = planned.rotation
  await checkOpens(planned, before)
  const { slotCopy, configCopy } = state.paths.keyFiles(number)
  await replaceFile(slotCopy, bytesOf(beginning.slot))
  await replaceFile(configCopy, bytesOf(beginning.config))
  const repositoryId = toHex(slotOf(beginning).repositoryId)
  const wanted = {
    ...{ repository: number, repositoryId, config: 0, keyStore: settings },
    ...(before.registration.hardened === undefined
      ? { epoch: undefined }
      : { epoch: 0, hardened: { month: monthOf(clock.now()) } }),
  }
  const heldKey = narrowKey(planned.masterKey.copy(), { ...before.registration, ...wanted })
  try {
    await store.save(heldKey)
  } finally {
    heldKey.dispose()
  }
  // Another process may have renewed the certificate meanwhile.
  return state.registration.update((saved) => ({ ...(saved ?? before.registration), ...wanted }))
}

/** As the vault gives it back: its config opens, and holds the key of the one that is given up. */
async function checkOpens(
  { rotation, masterKey: heldKey }: PlannedRotation,
  { connection, registration }: OldAgent,
): Promise<void> {
  const { repositoryId } = slotOf(rotation.beginning)
  const place = { number: rotation.repository, repositoryId, heldKey }
  const keys = predecessorsOf({ repository: await openRepository(connection, place), heldKey })
  const old = fromHex(registration.repositoryId) ?? new Uint8Array(0)
  const isThere = keys.some((key) => Buffer.compare(key.repositoryId, old) === 0)
  for (const key of keys) key.masterKey.dispose()
  if (isThere) return
  throw new BackupError('vault-mismatch', 'The new repository does not hold the key of the old.')
}

/** What is left behind once the machine has changed over: files of the old key, journals of packs, the note of the rotation. */
export async function cleanUpRotation(
  { directory, paths, rotation }: AgentState,
  registration: Registration,
): Promise<void> {
  await removeKeyFiles(directory, registration.repository)
  await rm(paths.packJournals, { recursive: true, force: true })
  await rotation.remove()
}
