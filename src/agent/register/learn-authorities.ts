/** The successor of a vault's authority: learned from the vault while the one that is believed still vouches for it. */

import { X509Certificate } from 'node:crypto'
import { BackupError } from '../../base/errors.ts'
import type { VaultConnection } from '../../repository/connection.ts'

/** A service has no more in all its life. */
const mostAuthorities = 16

/**
 * PEM: those that are known, then those that the vault tells of besides. None is forgotten: its signature stands below
 * older points. The same array where there is nothing new.
 * @throws BackupError `malformed`, before anything unusable is believed
 */
export async function learnAuthorities(
  connection: Pick<VaultConnection, 'service'>,
  known: readonly string[],
): Promise<readonly string[]> {
  const told = new Set((await connection.service()).authorities)
  const fingerprints = new Set(known.map((pem) => new X509Certificate(pem).fingerprint256))
  const added = [...told].filter((pem) => !fingerprints.has(authorityOf(pem).fingerprint256))
  if (added.length === 0) return known
  if (known.length + added.length > mostAuthorities) throw malformed()
  return [...known, ...added]
}

function authorityOf(pem: string): X509Certificate {
  const certificate = parsed(pem)
  const { publicKey, ca } = certificate
  const isP256 = publicKey.asymmetricKeyDetails?.namedCurve === 'prime256v1'
  if (ca && isP256 && certificate.verify(publicKey)) return certificate
  throw malformed()
}

function parsed(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch (error) {
    throw malformed(error)
  }
}

const malformed = (cause?: unknown): BackupError =>
  new BackupError('malformed', 'The vault tells of an authority that can be none of its own.', {
    hint: 'Ask the operator whether the vault is in order; nothing was sent to it.',
    cause,
  })
