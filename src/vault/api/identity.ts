/** Who is asking: the certificate of the connection, looked up anew on every request, and nothing else. */

import type { FastifyRequest } from 'fastify'
import { TLSSocket } from 'node:tls'
import { BackupError } from '../../base/errors.ts'
import { findCertificate } from '../catalog/certificates.ts'
import { findMachine, type Machine } from '../catalog/machines.ts'
import type { Namespace } from '../objects/keys.ts'
import type { Access } from '../records/entries.ts'
import type { ApiContext } from './context.ts'

export interface Identity {
  readonly space: Namespace
  readonly machine: Machine
  readonly access: Access
}

/** SHA-256 of the client certificate's DER, hexadecimal; undefined where there is none. */
export type FingerprintOf = (request: FastifyRequest) => string | undefined

const fingerprints = new WeakMap<object, string>()

/** The handshake is over, so the certificate of a connection does not change any more. */
export const fingerprintOfConnection: FingerprintOf = (request) => {
  const socket = request.raw.socket
  const known = fingerprints.get(socket)
  if (known !== undefined) return known
  if (!(socket instanceof TLSSocket)) return undefined
  const certificate = socket.getPeerX509Certificate()
  const fingerprint = certificate?.fingerprint256.replaceAll(':', '').toLowerCase()
  if (fingerprint !== undefined) fingerprints.set(socket, fingerprint)
  return fingerprint
}

/**
 * By the log as it is now, also where another process wrote it: what is revoked is refused on the next request.
 * @throws BackupError `certificate-refused`, `certificate-expired`
 */
export async function identify(
  context: ApiContext,
  fingerprint: string | undefined,
): Promise<Identity> {
  await context.log.catchUp()
  if (fingerprint === undefined) throw refused('there is none')
  const certificate = await findCertificate(context.catalog, fingerprint)
  if (certificate === undefined) throw refused('this vault does not know it')
  if (certificate.revokedAt !== null) throw refused('it was revoked')
  if (certificate.notAfter <= context.clock.now()) {
    throw new BackupError('certificate-expired', "The machine's certificate has expired.")
  }
  const machine = await findMachine(context.catalog, certificate.machineId)
  if (machine === undefined) throw refused('its machine is unknown')
  if (!mayConnect(machine, certificate.access)) throw refused('its machine is no longer registered')
  return {
    space: { vaultId: machine.vaultId, machineId: machine.id },
    machine,
    access: certificate.access,
  }
}

/** What a machine left can be read with a recovery certificate after it was retired, until it is deleted. */
const mayConnect = (machine: Machine, access: Access): boolean =>
  machine.state === 'active' || (machine.state === 'retired' && access === 'read-only')

const refused = (why: string): BackupError =>
  new BackupError('certificate-refused', `The client certificate is refused: ${why}.`, {
    hint: 'Register the machine again, or recover it with a recovery credential.',
  })
