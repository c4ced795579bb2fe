/** What enrolment works with. */

import type { FastifyBaseLogger } from 'fastify'
import type { RandomBytes } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import type { MachineId, VaultId } from '../../model/ids.ts'
import type { Catalog } from '../catalog/tables.ts'
import type { ObjectStore } from '../objects/object-store.ts'
import type { VaultLog } from '../records/log.ts'
import type { RecoveryNonces } from './recovery-nonces.ts'

export interface EnrolContext {
  readonly log: VaultLog
  readonly catalog: Catalog
  readonly store: ObjectStore
  readonly issuer: CertificateIssuer
  readonly nonces: RecoveryNonces
  /** 32 bytes that only this service knows: what is told of machines that are not there comes from it. */
  readonly secret: Uint8Array
  readonly clock: Clock
  readonly random: RandomBytes
  readonly messages: FastifyBaseLogger
}

export interface ClientIdentity {
  readonly vaultId: VaultId
  readonly machineId: MachineId
  /** SPKI (DER) of a P-256 key. */
  readonly publicKey: Uint8Array
  readonly notAfterMs: number
}

/** The part of the authority that signs client certificates. */
export interface CertificateIssuer {
  issueClientCertificate(identity: ClientIdentity): Promise<IssuedCertificate>
}

export interface IssuedCertificate {
  readonly pem: string
  /** SHA-256 of the DER, hexadecimal. */
  readonly fingerprint: string
}
