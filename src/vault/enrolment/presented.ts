/** Who asks: the credential that a request names, after its key has signed the request. */

import { createPublicKey } from 'node:crypto'
import { fromBase64Url } from '../../base/bytes.ts'
import { verifyP256 } from '../../crypto/primitives/signature.ts'
import type { VaultId } from '../../model/ids.ts'
import { findCredential, newestCredential, type Credential } from '../catalog/credentials.ts'
import type { CredentialPurpose } from '../records/entries.ts'
import type { EnrolContext } from './context.ts'
import { alteredCredential, checkCredential, unknownCredential } from './credential-check.ts'

export interface SignedRequest {
  readonly vaultId: VaultId
  readonly serial: number
  readonly signature: string
}

/**
 * Says nothing about whether the credential is still good.
 * @throws BackupError `credential-unknown`, `credential-altered`
 */
export async function presentedCredential(
  context: EnrolContext,
  request: SignedRequest,
  messageOf: (credential: Credential) => Uint8Array,
): Promise<Credential> {
  await context.log.catchUp()
  const credential = await findCredential(context.catalog, request.vaultId, request.serial)
  if (credential === undefined) throw unknownCredential()
  const signature = fromBase64Url(request.signature)
  if (signature === undefined) throw alteredCredential()
  if (!isSignedBy(credential.publicKey, messageOf(credential), signature)) throw alteredCredential()
  return credential
}

/**
 * By what the catalog says now: to be asked again where a decision is recorded.
 * @throws BackupError see checkCredential
 */
export async function checkStillGood(
  context: EnrolContext,
  credential: Credential,
  purpose: CredentialPurpose,
): Promise<void> {
  const { catalog, clock } = context
  const current = await findCredential(catalog, credential.vaultId, credential.serial)
  if (current === undefined) throw unknownCredential()
  const newest = await newestCredential(catalog, current)
  checkCredential(current, { purpose, newest, nowMs: clock.now() })
}

const isSignedBy = (spki: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean =>
  verifyP256(
    createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }),
    { label: '', message },
    signature,
  )
