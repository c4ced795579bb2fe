/** The machine's own key, and the request that has it signed (PKCS #10). */

import { createPrivateKey, createPublicKey, generateKeyPairSync, webcrypto } from 'node:crypto'

/** PKCS#8 PEM of a new P-256 key. */
export const newMachineKey = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  }) as string

/** DER. The vault takes nothing but the public key from it. */
export async function certificateRequest(privateKeyPem: string): Promise<Uint8Array> {
  // Loaded here: only registration needs it.
  await import('reflect-metadata')
  const { Pkcs10CertificateRequestGenerator } = await import('@peculiar/x509')
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const key = createPrivateKey(privateKeyPem)
  const privateDer = key.export({ type: 'pkcs8', format: 'der' })
  const publicDer = createPublicKey(key).export({ type: 'spki', format: 'der' })
  const { subtle } = webcrypto
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: 'CN=backup',
    signingAlgorithm: algorithm,
    keys: {
      privateKey: await subtle.importKey('pkcs8', privateDer, algorithm, true, ['sign']),
      publicKey: await subtle.importKey('spki', publicDer, algorithm, true, ['verify']),
    },
  })
  return new Uint8Array(request.rawData)
}
