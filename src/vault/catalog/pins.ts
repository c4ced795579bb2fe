/** Security PINs that were issued, and the requests that wait for one. */

import { fromHex, toHex } from '../../base/bytes.ts'
import type { MachineId } from '../../model/ids.ts'
import type { EntryOf } from '../records/entries.ts'
import type { Catalog, Row } from './tables.ts'

export type IssuedPin = Row<'pins'>
export type PinRequest = Row<'pinRequests'>

export async function addPin(
  catalog: Catalog,
  { digest, machineId, operation, salt, hash, expiresAt }: EntryOf<'pin-issued'>,
  issuedAt: number,
): Promise<void> {
  const pin = { machineId, operation, salt, hash, issuedAt, expiresAt, tries: 0, usedAt: null }
  await catalog
    .insertInto('pins')
    .values({ digest: toHex(digest), ...pin })
    .onConflict((conflict) => conflict.column('digest').doUpdateSet(pin))
    .execute()
}

export async function countRefusedPin(
  catalog: Catalog,
  { digest }: EntryOf<'pin-refused'>,
): Promise<void> {
  await catalog
    .updateTable('pins')
    .set((of) => ({ tries: of('tries', '+', 1) }))
    .where('digest', '=', toHex(digest))
    .execute()
}

export async function markPinUsed(
  catalog: Catalog,
  { digest }: EntryOf<'pin-used'>,
  usedAt: number,
): Promise<void> {
  await catalog.updateTable('pins').set({ usedAt }).where('digest', '=', toHex(digest)).execute()
}

/** Of the newest PIN of each request. */
export async function countRefusedPins(catalog: Catalog): Promise<number> {
  const { count } = await catalog
    .selectFrom('pins')
    .select((of) => of.fn.sum<number | null>('tries').as('count'))
    .executeTakeFirstOrThrow()
  return count ?? 0
}

export const findPin = (catalog: Catalog, digest: string): Promise<IssuedPin | undefined> =>
  catalog.selectFrom('pins').selectAll().where('digest', '=', digest).executeTakeFirst()

/** So many of a machine are remembered: enough for people, and no room for a flood. */
const requestsPerMachine = 20

export async function savePinRequest(catalog: Catalog, request: PinRequest): Promise<void> {
  const { askedAt } = request
  await catalog.transaction().execute(async (transaction) => {
    await transaction
      .insertInto('pinRequests')
      .values(request)
      .onConflict((conflict) => conflict.column('digest').doUpdateSet({ askedAt }))
      .execute()
    await forgetOldest(transaction, request.machineId)
  })
}

async function forgetOldest(catalog: Catalog, machineId: MachineId): Promise<void> {
  const oldest = catalog
    .selectFrom('pinRequests')
    .select('digest')
    .where('machineId', '=', machineId)
    .orderBy('askedAt', 'desc')
    .limit(-1)
    .offset(requestsPerMachine)
  await catalog.deleteFrom('pinRequests').where('digest', 'in', oldest).execute()
}

/** Requests whose digest begins so: hexadecimal. */
export async function findPinRequests(catalog: Catalog, prefix: string): Promise<PinRequest[]> {
  if (fromHex(prefix) === undefined) return []
  return await catalog
    .selectFrom('pinRequests')
    .selectAll()
    .where('digest', 'like', `${prefix}%`)
    .orderBy('askedAt', 'desc')
    .execute()
}
