/** A machine's certificate is followed by another one: asked for with the key of the old, also a while after its end. */

import { createPublicKey, X509Certificate } from 'node:crypto'
import { fromBase64Url } from '../../base/bytes.ts'
import { dayMs } from '../../base/clock.ts'
import { BackupError } from '../../base/errors.ts'
import { sha256 } from '../../base/hash.ts'
import { verifyP256 } from '../../crypto/primitives/signature.ts'
import type { EnrolAnswer, RenewRequest } from '../../protocol/messages.ts'
import { renewMessage } from '../../protocol/signed.ts'
import { findCertificate, findSuccessor, type Certificate } from '../catalog/certificates.ts'
import { findMachine, type Machine } from '../catalog/machines.ts'
import { certificateEntry, issuedBefore, vaultNameOf } from './certificates.ts'
import type { EnrolContext } from './context.ts'
import { readCsr } from './csr.ts'
import { certificateLifeMs, requestIdBytes } from './enrol.ts'

/** A machine that was off for half a year needs no operator. */
const renewableAfterEndMs = 180 * dayMs

/** @throws BackupError `certificate-refused` (unknown, revoked, followed by another already), `certificate-expired`, `malformed` */
export async function renewCertificate(
  context: EnrolContext,
  request: RenewRequest,
  exporter: Uint8Array,
): Promise<EnrolAnswer> {
  const csr = await readCsr(request.csr)
  await context.log.catchUp()
  const { machine, certificate } = await presented(context, request, {
    requestId: requestIdBytes(request.requestId),
    exporter,
    csrHash: sha256(csr.bytes),
  })
  const wanted = {
    access: 'full',
    requestId: request.requestId,
    publicKey: csr.publicKey,
    notAfterMs: context.clock.now() + certificateLifeMs,
    renews: certificate.fingerprint,
  } as const
  await context.log.append(async () => {
    if ((await issuedBefore(context, machine, wanted)) !== undefined) return undefined
    await checkRenewable(context, certificate.fingerprint)
    return certificateEntry(context, machine, wanted)
  })
  const issued = await issuedBefore(context, machine, wanted)
  if (issued === undefined) throw new Error('A certificate was issued and can not be found.')
  return {
    vaultName: await vaultNameOf(context, machine.vaultId),
    machineId: machine.id,
    machineName: machine.name,
    certificate: issued.certificate,
  }
}

interface Presented {
  readonly machine: Machine
  readonly certificate: Certificate
}

/** Unknown and wrongly signed are answered alike. */
async function presented(
  { catalog }: EnrolContext,
  { fingerprint, signature: signed }: RenewRequest,
  facts: Omit<Parameters<typeof renewMessage>[0], 'fingerprint'>,
): Promise<Presented> {
  const certificate = await findCertificate(catalog, fingerprint)
  const machine = certificate && (await findMachine(catalog, certificate.machineId))
  const signature = fromBase64Url(signed)
  if (certificate === undefined || machine === undefined || signature === undefined) {
    throw refused('this vault does not know it')
  }
  const { publicKey } = new X509Certificate(certificate.certificate)
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' })
  const message = renewMessage({ ...facts, fingerprint })
  if (!verifyP256(key, { label: '', message }, signature)) {
    throw refused('this vault does not know it')
  }
  return { machine, certificate }
}

/** By what the log says as the new one is recorded. */
async function checkRenewable(context: EnrolContext, fingerprint: string): Promise<void> {
  const { catalog, clock } = context
  const certificate = await findCertificate(catalog, fingerprint)
  const machine = certificate && (await findMachine(catalog, certificate.machineId))
  if (certificate === undefined || certificate.access !== 'full') throw refused('it only reads')
  if (machine?.state !== 'active') throw refused('its machine is no longer registered')
  if (certificate.revokedAt !== null) throw refused('it was revoked')
  if ((await findSuccessor(catalog, fingerprint)) !== undefined) {
    throw refused('another one has followed it: two machines may be using one registration')
  }
  if (certificate.notAfter + renewableAfterEndMs > clock.now()) return
  throw new BackupError(
    'certificate-expired',
    "The machine's certificate has expired more than half a year ago.",
    { hint: 'Take its place with a recovery credential: backup recover --takeover' },
  )
}

const refused = (why: string): BackupError =>
  new BackupError('certificate-refused', `The client certificate is refused: ${why}.`, {
    hint: 'Take the place of the machine with a recovery credential: backup recover --takeover',
  })
