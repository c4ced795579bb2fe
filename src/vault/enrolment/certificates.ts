/** Client certificates for requests: one for each, recorded before it is handed out. */

import { X509Certificate } from 'node:crypto'
import { equalBytes } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import type { VaultId } from '../../model/ids.ts'
import { findCertificateByRequest, type Certificate } from '../catalog/certificates.ts'
import type { Machine } from '../catalog/machines.ts'
import { findVault } from '../catalog/vaults.ts'
import type { Access, LogEntry } from '../records/entries.ts'
import type { EnrolContext } from './context.ts'

export interface WantedCertificate {
  readonly access: Access
  readonly requestId: string
  /** SPKI, DER. */
  readonly publicKey: Uint8Array
  readonly notAfterMs: number
  /** Fingerprint of the one that it follows. */
  readonly renews?: string
  /** All others that can write are revoked with it. */
  readonly takesOver?: true
}

/**
 * Issues it, or gives the one that was issued for the same request and key.
 * @throws BackupError `already-exists` when the request id was used with another key
 */
export async function certificateFor(
  context: EnrolContext,
  machine: Machine,
  wanted: WantedCertificate,
): Promise<Certificate> {
  await context.log.append(async () =>
    (await issuedBefore(context, machine, wanted)) === undefined
      ? await certificateEntry(context, machine, wanted)
      : undefined,
  )
  const issued = await issuedBefore(context, machine, wanted)
  if (issued === undefined) throw new Error('A certificate was issued and can not be found.')
  return issued
}

export async function issuedBefore(
  context: EnrolContext,
  machine: Machine,
  wanted: WantedCertificate,
): Promise<Certificate | undefined> {
  const found = await findCertificateByRequest(context.catalog, machine.id, wanted.requestId)
  if (found === undefined) return undefined
  const { publicKey } = new X509Certificate(found.certificate)
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  if (equalBytes(spki, wanted.publicKey) && found.access === wanted.access) return found
  throw new BackupError('already-exists', 'This request id was used with another key.')
}

/** Signs it: whoever calls records it. */
export async function certificateEntry(
  context: EnrolContext,
  machine: Machine,
  wanted: WantedCertificate,
): Promise<LogEntry> {
  const { pem, fingerprint } = await context.authority.issueClientCertificate({
    vaultId: machine.vaultId,
    machineId: machine.id,
    publicKey: wanted.publicKey,
    notAfterMs: wanted.notAfterMs,
  })
  return {
    kind: 'certificate-issued',
    fingerprint,
    machineId: machine.id,
    access: wanted.access,
    notAfter: wanted.notAfterMs,
    requestId: wanted.requestId,
    certificate: pem,
    renews: wanted.renews,
    takesOver: wanted.takesOver,
  }
}

export async function vaultNameOf(context: EnrolContext, vaultId: VaultId): Promise<string> {
  const vault = await findVault(context.catalog, vaultId)
  if (vault === undefined) throw new Error('A credential belongs to a vault that is not there.')
  return vault.name
}
