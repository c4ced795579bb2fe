/** Client certificates that the vault has issued. */

import type { MachineId } from '../../model/ids.ts'
import type { Catalog, Row } from './tables.ts'

export type Certificate = Row<'certificates'>

/** By SHA-256 of its DER, hexadecimal. */
export const findCertificate = (
  catalog: Catalog,
  fingerprint: string,
): Promise<Certificate | undefined> =>
  catalog
    .selectFrom('certificates')
    .selectAll()
    .where('fingerprint', '=', fingerprint)
    .executeTakeFirst()

/** Issued for one request: what a repeated request is answered with. */
export const findCertificateByRequest = (
  catalog: Catalog,
  machineId: MachineId,
  requestId: string,
): Promise<Certificate | undefined> =>
  catalog
    .selectFrom('certificates')
    .selectAll()
    .where('machineId', '=', machineId)
    .where('requestId', '=', requestId)
    .executeTakeFirst()

/** The one that was issued in its place. */
export const findSuccessor = (
  catalog: Catalog,
  fingerprint: string,
): Promise<Certificate | undefined> =>
  catalog
    .selectFrom('certificates')
    .selectAll()
    .where('renews', '=', fingerprint)
    .executeTakeFirst()

/** Newest first. */
export const certificatesOf = (catalog: Catalog, machineId: MachineId): Promise<Certificate[]> =>
  catalog
    .selectFrom('certificates')
    .selectAll()
    .where('machineId', '=', machineId)
    .orderBy('issuedAt', 'desc')
    .execute()

/** How many are neither revoked nor expired. */
export async function countGoodCertificates(catalog: Catalog, nowMs: number): Promise<number> {
  const row = await catalog
    .selectFrom('certificates')
    .select((of) => of.fn.countAll<number>().as('count'))
    .where('revokedAt', 'is', null)
    .where('notAfter', '>', nowMs)
    .executeTakeFirstOrThrow()
  return row.count
}
