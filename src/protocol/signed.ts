/**
 * The byte strings that enrolment and recovery sign, each with its own label and the TLS exporter, so that a signature is
 * good for one purpose on one connection; and the one that names what a PIN is for.
 */

import { ascii, concatBytes, u8, u32, u64 } from '../base/bytes.ts'
import { idBytes, type MachineId, type VaultId } from '../model/ids.ts'

export interface EnrolFacts {
  readonly vaultId: VaultId
  readonly serial: number
  /** 16 bytes. */
  readonly requestId: Uint8Array
  /** 32 bytes, RFC 8446 7.5. */
  readonly exporter: Uint8Array
}

const common = (label: string, facts: EnrolFacts): Uint8Array =>
  concatBytes(
    ascii(label),
    idBytes(facts.vaultId),
    u64(facts.serial),
    facts.requestId,
    facts.exporter,
  )

/** Signed by the credential's key. `nameHash`, `csrHash`: SHA-256 of the machine's name (UTF-8) and of the CSR (DER). */
export const enrolMessage = (
  facts: EnrolFacts,
  nameHash: Uint8Array,
  csrHash: Uint8Array,
): Uint8Array => concatBytes(common('backup/v1/enrol', facts), nameHash, csrHash)

/** Signed by the credential's key. */
export const recoveryStartMessage = (facts: EnrolFacts): Uint8Array =>
  common('backup/v1/recovery-start', facts)

export interface RecoveryFacts extends EnrolFacts {
  readonly machineId: MachineId
  /** 32 bytes, of the answer to the start. */
  readonly nonce: Uint8Array
  readonly repository: number
  readonly slot: number
  /** SHA-256 of the CSR (DER). */
  readonly csrHash: Uint8Array
}

const recovery = (label: string, facts: RecoveryFacts): Uint8Array =>
  concatBytes(
    common(label, facts),
    idBytes(facts.machineId),
    facts.nonce,
    u32(facts.repository),
    u32(facts.slot),
    facts.csrHash,
  )

/** Signed by the credential's key. */
export const recoveryMessage = (facts: RecoveryFacts): Uint8Array =>
  recovery('backup/v1/recovery', facts)

/** Signed by the slot's Ed25519 key: proof of the passphrase. */
export const passphraseProofMessage = (facts: RecoveryFacts): Uint8Array =>
  recovery('backup/v1/passphrase-proof', facts)

export interface RenewFacts {
  /** SHA-256 of the old certificate's DER, hexadecimal. */
  readonly fingerprint: string
  /** 16 bytes. */
  readonly requestId: Uint8Array
  /** 32 bytes, RFC 8446 7.5. */
  readonly exporter: Uint8Array
  /** SHA-256 of the CSR (DER). */
  readonly csrHash: Uint8Array
}

/** Signed by the key of the certificate that is followed. */
export const renewMessage = (facts: RenewFacts): Uint8Array =>
  concatBytes(
    ascii('backup/v1/renew'),
    ascii(facts.fingerprint),
    facts.requestId,
    facts.exporter,
    facts.csrHash,
  )

/** What a security PIN is asked for. */
export const guardedOperations = [
  'points-delete',
  'retention-shorten',
  'data-give-up',
  'slot-add',
  'slot-change',
  'config-add',
  'repository-begin',
  'takeover',
] as const
export type GuardedOperation = (typeof guardedOperations)[number]

export interface GuardedRequest {
  readonly vaultId: VaultId
  readonly machineId: MachineId
  readonly operation: GuardedOperation
  /** SHA-256 of the request's body. */
  readonly bodyHash: Uint8Array
}

/** Its SHA-256 is what a PIN is issued for: no PIN is good for another machine, operation or body. */
export const guardedMessage = (request: GuardedRequest): Uint8Array =>
  concatBytes(
    ascii('backup/v1/pin-request'),
    idBytes(request.vaultId),
    idBytes(request.machineId),
    u8(request.operation.length),
    ascii(request.operation),
    request.bodyHash,
  )
