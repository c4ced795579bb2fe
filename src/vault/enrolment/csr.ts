/** A certificate request: the vault takes the public key from it and nothing else. */

import 'reflect-metadata'
import { createPublicKey } from 'node:crypto'
import { Pkcs10CertificateRequest } from '@peculiar/x509'
import { fromBase64Url } from '../../base/bytes.ts'
import { BackupError } from '../../base/errors.ts'

export interface CertificateRequest {
  /** DER, as it was sent. */
  readonly bytes: Uint8Array
  /** SPKI (DER) of a P-256 key, as this program writes it. */
  readonly publicKey: Uint8Array
}

/** @throws BackupError `malformed`: no CSR, not signed by its own key, or a key of another kind */
export async function readCsr(text: string): Promise<CertificateRequest> {
  const bytes = fromBase64Url(text)
  if (bytes === undefined || bytes.length === 0) throw malformed('it is not base64url')
  try {
    const request = new Pkcs10CertificateRequest(bytes)
    const publicKey = p256KeyOf(new Uint8Array(request.publicKey.rawData))
    if (!(await request.verify())) throw malformed('it is not signed by its own key')
    return { bytes, publicKey }
  } catch (error) {
    if (error instanceof BackupError) throw error
    throw malformed('it can not be read', error)
  }
}

function p256KeyOf(spki: Uint8Array): Uint8Array {
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw malformed('its key is not a P-256 key')
  }
  return Uint8Array.from(key.export({ type: 'spki', format: 'der' }))
}

const malformed = (why: string, cause?: unknown): BackupError =>
  new BackupError('malformed', `The certificate request is refused: ${why}.`, { cause })
