/** Whether a credential is good now, and if not, why. Pure: decided from what the vault has recorded and its clock. */

import { BackupError, type ErrorCode } from '../../base/errors.ts'
import { hourMs } from '../../base/clock.ts'
import type { Credential } from '../catalog/credentials.ts'
import type { CredentialPurpose } from '../records/entries.ts'

export const credentialLifeMs = 48 * hourMs

export interface CredentialUse {
  readonly purpose: CredentialPurpose
  /** The newest that was issued for what this one was issued for. */
  readonly newest: Credential | undefined
  /** The vault's clock, ms. */
  readonly nowMs: number
}

/**
 * @throws BackupError `credential-purpose`, `credential-revoked`, `credential-superseded` or `credential-expired`
 */
export function checkCredential(credential: Credential, use: CredentialUse): void {
  if (credential.purpose !== use.purpose) throw wrongPurpose(credential.purpose)
  if (credential.revokedAt !== null) {
    throw refused('credential-revoked', 'This vault credential was revoked.')
  }
  if (use.newest !== undefined && use.newest.serial > credential.serial) {
    throw refused(
      'credential-superseded',
      'This vault credential is not the newest one: only the newest is good.',
    )
  }
  if (use.nowMs >= credential.expiresAt) {
    throw refused('credential-expired', 'This vault credential is older than 48 hours.')
  }
}

export const unknownCredential = (): BackupError =>
  refused('credential-unknown', 'The vault did not issue this credential.')

export const alteredCredential = (): BackupError =>
  refused(
    'credential-altered',
    'The request is not signed by the key of the vault credential that it names.',
  )

function wrongPurpose(purpose: CredentialPurpose): BackupError {
  return purpose === 'register'
    ? new BackupError(
        'credential-purpose',
        'This vault credential is for registration, not for recovery.',
        { hint: 'Ask for one of `backup-vault credentials NAME --recover MACHINE --out FILE`.' },
      )
    : new BackupError(
        'credential-purpose',
        'This vault credential is for recovery, not for registration.',
        { hint: 'Use it with `backup recover`, or ask for one for registration.' },
      )
}

const refused = (code: ErrorCode, message: string): BackupError =>
  new BackupError(code, message, {
    hint: "Ask the vault's operator for a new one: backup-vault credentials NAME --out FILE.",
  })
