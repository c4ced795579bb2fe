/** The credential file as an agent reads it: whose it is, and whether it still serves. */

import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { fromBase64Url, toHex } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'
import { sha256 } from '../../base/hash.ts'
import { verifyP256 } from '../../crypto/primitives/signature.ts'
import {
  credentialLabel,
  parseCredentialFile,
  type VaultCredential,
} from '../../model/credential.ts'

export interface AgentCredential {
  readonly credential: VaultCredential
  /** Signs requests of enrolment and recovery. */
  readonly key: KeyObject
}

export interface CredentialUse {
  readonly purpose: VaultCredential['purpose']
  readonly nowMs: number
}

/**
 * The vault checks all this again; here it is told sooner, and before anything is sent.
 * @throws BackupError `credential-malformed`, `credential-altered`, `credential-purpose`, `credential-expired`
 */
export function readCredential(
  bytes: Uint8Array,
  { purpose, nowMs }: CredentialUse,
): AgentCredential {
  const { credential, payload, signature } = parseCredentialFile(bytes)
  const authority = authorityOf(credential)
  const signed = { label: credentialLabel, message: payload }
  if (!verifyP256(authority.publicKey, signed, signature)) throw altered()
  if (toHex(sha256(authority.raw)) !== credential.authorityFingerprint) throw altered()
  if (credential.purpose !== purpose) throw wrongPurpose(credential.purpose)
  if (nowMs > credential.expiresAt) {
    throw new BackupError(
      'credential-expired',
      `The vault credential expired at ${new Date(credential.expiresAt).toISOString()}.`,
      {
        hint: `Ask the operator for a new one: backup-vault credentials ${credential.vaultName} --out FILE`,
      },
    )
  }
  return { credential, key: keyOf(credential) }
}

function authorityOf({ authority }: VaultCredential): X509Certificate {
  try {
    return new X509Certificate(authority)
  } catch (error) {
    throw altered(error)
  }
}

function keyOf({ privateKey }: VaultCredential): KeyObject {
  try {
    const der = Buffer.from(fromBase64Url(privateKey) ?? [])
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  } catch (error) {
    throw altered(error)
  }
}

const altered = (cause?: unknown): BackupError =>
  new BackupError(
    'credential-altered',
    'The vault credential was changed after the vault had signed it.',
    {
      hint: "Use the file as the vault's operator gave it to you, or ask for a new one.",
      cause,
    },
  )

const wrongPurpose = (purpose: VaultCredential['purpose']): BackupError =>
  purpose === 'recover'
    ? new BackupError(
        'credential-purpose',
        'This credential is for recovering a machine, not for registering one.',
        {
          hint: 'Use it with: backup recover. For registration ask for: backup-vault credentials VAULT --out FILE',
        },
      )
    : new BackupError(
        'credential-purpose',
        'This credential is for registering a machine, not for recovering one.',
        {
          hint: 'Ask the operator for: backup-vault credentials VAULT --recover MACHINE --out FILE',
        },
      )
