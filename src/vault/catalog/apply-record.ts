/** What each record of the log changes in the catalog. Reading the same log always gives the same rows. */

import { dayMs } from '../../base/clock.ts'
import type { MachineId } from '../../model/ids.ts'
import { usualSoftDeleteDays } from '../../policy/soft-delete.ts'
import type { EntryOf } from '../records/entries.ts'
import type { LogRecord } from '../records/log-record.ts'
import { confirmClock, suspendClock } from './clock.ts'
import { addDeletedSlot } from './deleted-slots.ts'
import { clearHold, setHold } from './holds.ts'
import { readLogHead, writeLogHead, writeMeta } from './meta.ts'
import { markDamaged, markSound } from './damaged-objects.ts'
import {
  addApproval,
  addOperator,
  markApproved,
  markApprovalUsed,
  removeOperator,
} from './operators.ts'
import { addPin, countRefusedPin, markPinUsed } from './pins.ts'
import { addTrash, markPurged } from './trash.ts'
import { markDeleted, markRemoved, markUndeleted } from './point-states.ts'
import { addRetention, addWanted, dropAllPending, dropPending } from './retentions.ts'
import type { Catalog } from './tables.ts'

/**
 * One transaction: the rows and the number together. A record that another process has applied in the meantime is left alone.
 * `sum`: what the record ends in, hexadecimal.
 */
export async function applyRecord(catalog: Catalog, record: LogRecord, sum: string): Promise<void> {
  await catalog.transaction().execute(async (transaction) => {
    const head = await readLogHead(transaction)
    if (head.number >= record.number) return
    await applyEntry(transaction, record)
    await writeMeta(transaction, 'lastRecordAt', String(record.atMs))
    await writeLogHead(transaction, { number: record.number, sum })
  })
}

async function applyEntry(catalog: Catalog, { number, entry, atMs }: LogRecord): Promise<void> {
  switch (entry.kind) {
    case 'vault-created':
      await catalog
        .insertInto('vaults')
        .values({
          id: entry.vaultId,
          name: entry.name,
          createdAt: atMs,
          softDeleteDays: usualSoftDeleteDays,
          immutability: 'off',
        })
        .execute()
      return
    case 'address-set':
      await writeMeta(catalog, 'address', entry.address)
      await writeMeta(catalog, 'port', String(entry.port))
      return
    case 'credential-issued':
      await addCredential(catalog, entry)
      return
    case 'credentials-revoked':
      await revokeCredentials(catalog, entry, atMs)
      return
    case 'machine-registered':
      await addMachine(catalog, entry, atMs)
      return
    case 'machine-retired':
      await setMachineState(catalog, entry.machineId, 'retired')
      return
    case 'machine-deleted':
      await setMachineState(catalog, entry.machineId, 'deleted')
      return
    case 'certificate-issued':
      await addCertificate(catalog, entry, atMs)
      return
    case 'certificate-revoked':
      await catalog
        .updateTable('certificates')
        .set({ revokedAt: atMs })
        .where('fingerprint', '=', entry.fingerprint)
        .where('revokedAt', 'is', null)
        .execute()
      return
    case 'recovery-try':
      await catalog
        .insertInto('recoveryTries')
        .values({ machineId: entry.machineId, at: entry.at, ok: entry.ok ? 1 : 0 })
        .execute()
      return
    case 'authority-successor':
      await catalog
        .insertInto('authorities')
        .values({ certificate: entry.certificate, addedAt: atMs })
        .execute()
      return
    case 'soft-delete-set':
      await catalog
        .updateTable('vaults')
        .set({ softDeleteDays: entry.days })
        .where('id', '=', entry.vaultId)
        .execute()
      return
    case 'points-deleted':
      await markDeleted(catalog, entry, atMs)
      return
    case 'points-undeleted':
      await markUndeleted(catalog, entry, atMs)
      return
    case 'points-removed':
      await markRemoved(catalog, entry, atMs)
      return
    case 'retention-set':
      await addRetention(catalog, entry, { number, atMs })
      return
    case 'retention-cancelled':
      await dropPending(catalog, entry, atMs)
      return
    case 'points-wanted':
      await addWanted(catalog, entry)
      return
    case 'immutability-set':
      await setImmutability(catalog, entry, atMs)
      return
    case 'data-given-up':
    case 'data-kept':
      await catalog
        .updateTable('machines')
        .set({ isGivenUp: entry.kind === 'data-given-up' ? 1 : 0 })
        .where('id', '=', entry.machineId)
        .execute()
      return
    case 'hold-set':
      await setHold(catalog, entry, atMs)
      return
    case 'hold-cleared':
      await clearHold(catalog, entry)
      return
    case 'pin-issued':
      await addPin(catalog, entry, atMs)
      return
    case 'pin-refused':
      await countRefusedPin(catalog, entry)
      return
    case 'pin-used':
      await markPinUsed(catalog, entry, atMs)
      return
    case 'operator-added':
      await addOperator(catalog, entry, atMs)
      return
    case 'operator-removed':
      await removeOperator(catalog, entry)
      return
    case 'approval-asked':
      await addApproval(catalog, entry, atMs)
      return
    case 'approval-given':
      await markApproved(catalog, entry, atMs)
      return
    case 'approval-used':
      await markApprovalUsed(catalog, entry, atMs)
      return
    case 'slot-deleted':
      await addDeletedSlot(catalog, entry)
      return
    case 'objects-trashed':
      await addTrash(catalog, { number, atMs, entry })
      return
    case 'objects-purged':
      await markPurged(catalog, entry)
      return
    case 'object-damaged':
      await markDamaged(catalog, entry, atMs)
      return
    case 'object-sound':
      await markSound(catalog, entry)
      return
    case 'clock-suspended':
      await suspendClock(catalog, entry)
      return
    case 'clock-confirmed':
      await confirmClock(catalog, entry)
  }
}

/** What would shorten ends with it. */
async function setImmutability(
  catalog: Catalog,
  { vaultId, immutability }: EntryOf<'immutability-set'>,
  atMs: number,
): Promise<void> {
  await catalog.updateTable('vaults').set({ immutability }).where('id', '=', vaultId).execute()
  if (immutability !== 'off') await dropAllPending(catalog, vaultId, atMs)
}

async function addCredential(catalog: Catalog, entry: EntryOf<'credential-issued'>): Promise<void> {
  const { vaultId, serial, purpose, machineId = null, publicKey, issuedAt, expiresAt } = entry
  await catalog
    .insertInto('credentials')
    .values({
      vaultId,
      serial,
      purpose,
      machineId,
      publicKey,
      issuedAt,
      expiresAt,
      revokedAt: null,
    })
    .execute()
}

async function revokeCredentials(
  catalog: Catalog,
  entry: EntryOf<'credentials-revoked'>,
  atMs: number,
): Promise<void> {
  let update = catalog
    .updateTable('credentials')
    .set({ revokedAt: atMs })
    .where('vaultId', '=', entry.vaultId)
    .where('revokedAt', 'is', null)
  if (entry.purpose !== undefined) update = update.where('purpose', '=', entry.purpose)
  if (entry.machineId !== undefined) update = update.where('machineId', '=', entry.machineId)
  await update.execute()
}

async function addMachine(
  catalog: Catalog,
  entry: EntryOf<'machine-registered'>,
  atMs: number,
): Promise<void> {
  const { machineId: id, vaultId, name, requestId, serial } = entry
  await catalog
    .insertInto('machines')
    .values({
      id,
      vaultId,
      name,
      requestId,
      serial,
      registeredAt: atMs,
      state: 'active',
      isGivenUp: 0,
    })
    .execute()
}

const setMachineState = (
  catalog: Catalog,
  machineId: MachineId,
  state: 'retired' | 'deleted',
): Promise<unknown> =>
  catalog.updateTable('machines').set({ state }).where('id', '=', machineId).execute()

async function addCertificate(
  catalog: Catalog,
  entry: EntryOf<'certificate-issued'>,
  atMs: number,
): Promise<void> {
  const { fingerprint, machineId, access, notAfter, requestId, certificate } = entry
  if (entry.takesOver === true) await revokeWriters(catalog, machineId, atMs)
  if (entry.renews !== undefined) await endSoon(catalog, entry.renews, atMs)
  const said = { fingerprint, machineId, access, notAfter, requestId, certificate }
  await catalog
    .insertInto('certificates')
    .values({ ...said, renews: entry.renews ?? null, issuedAt: atMs, revokedAt: null })
    .execute()
}

const revokeWriters = (catalog: Catalog, machineId: MachineId, atMs: number): Promise<unknown> =>
  catalog
    .updateTable('certificates')
    .set({ revokedAt: atMs })
    .where('machineId', '=', machineId)
    .where('access', '=', 'full')
    .where('revokedAt', 'is', null)
    .execute()

/** Long enough for a run that goes on with it. */
const followedForMs = 7 * dayMs

const endSoon = (catalog: Catalog, fingerprint: string, atMs: number): Promise<unknown> =>
  catalog
    .updateTable('certificates')
    .set({ notAfter: atMs + followedForMs })
    .where('fingerprint', '=', fingerprint)
    .where('notAfter', '>', atMs + followedForMs)
    .execute()
