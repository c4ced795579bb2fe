/** X.509 certificates of the service: authorities, servers, machines. All keys are P-256, all signatures ECDSA with SHA-256. */

import 'reflect-metadata'
import { createHash, createPrivateKey, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  type Extension,
  type JsonGeneralName,
} from '@peculiar/x509'
import { toHex, type RandomBytes } from '../../base/bytes.ts'
import { dayMs } from '../../base/clock.ts'
import type { AuthorityKeys } from './identity.ts'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const { subtle } = webcrypto

/** Other clocks may be behind. */
const backdatedMs = dayMs

export const authorityLifeMs = 20 * 365 * dayMs
export const serverLifeMs = 90 * dayMs

export interface Moment {
  readonly nowMs: number
  readonly random: RandomBytes
}

export interface KeyPairPem {
  readonly certificate: string
  /** PKCS#8. */
  readonly privateKey: string
}

/** A new key, signed by itself. `number`: 1 for the service's first authority. */
export async function makeAuthority(
  service: { readonly serviceId: string; readonly number: number },
  moment: Moment,
): Promise<KeyPairPem> {
  const keys = await subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const name = `CN=backup-vault authority ${service.number}, OU=${service.serviceId}`
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(moment.random),
    name,
    ...validity(moment.nowMs, moment.nowMs + authorityLifeMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: await authorityExtensions(keys.publicKey),
  })
  return { certificate: certificate.toString('pem'), privateKey: await exportKey(keys.privateKey) }
}

/** The successor's key under the same name, signed by the authority before it: leads from the old trust to the new. */
export async function crossSign(
  successor: KeyPairPem,
  authority: AuthorityKeys,
  moment: Moment,
): Promise<string> {
  const own = new X509Certificate(successor.certificate)
  const issuer = new X509Certificate(authority.certificate)
  const publicKey = await importPublicKey(own.publicKey.rawData)
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(moment.random),
    subject: own.subject,
    issuer: issuer.subject,
    ...validity(moment.nowMs, issuer.notAfter.getTime()),
    signingAlgorithm: algorithm,
    publicKey,
    signingKey: await importKey(authority.privateKey),
    extensions: [
      ...(await authorityExtensions(publicKey)),
      await AuthorityKeyIdentifierExtension.create(await importPublicKey(issuer.publicKey.rawData)),
    ],
  })
  return certificate.toString('pem')
}

/** For all three servers. */
export async function makeServerCertificate(
  names: readonly string[],
  authority: AuthorityKeys,
  moment: Moment,
): Promise<KeyPairPem> {
  const keys = await subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await issue(authority, moment, {
    subject: 'CN=backup-vault',
    publicKey: keys.publicKey,
    names: names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value })),
    usage: serverAuthentication,
    notAfterMs: moment.nowMs + serverLifeMs,
  })
  return { certificate: certificate.toString('pem'), privateKey: await exportKey(keys.privateKey) }
}

export interface ClientCertificate {
  /** PEM. */
  readonly pem: string
  /** SHA-256 of the DER, hexadecimal. */
  readonly fingerprint: string
}

export interface ClientNames {
  /** SPKI (DER) of the machine's key. */
  readonly publicKey: Uint8Array
  /** `urn:backup:<vault>:<machine>` */
  readonly uri: string
  readonly notAfterMs: number
}

export async function signClientCertificate(
  client: ClientNames,
  authority: AuthorityKeys,
  moment: Moment,
): Promise<ClientCertificate> {
  const publicKey = await importPublicKey(client.publicKey)
  const certificate = await issue(authority, moment, {
    subject: 'CN=backup machine',
    publicKey,
    names: [{ type: 'url', value: client.uri }],
    usage: clientAuthentication,
    notAfterMs: client.notAfterMs,
  })
  const der = new Uint8Array(certificate.rawData)
  return {
    pem: certificate.toString('pem'),
    fingerprint: createHash('sha256').update(der).digest('hex'),
  }
}

const serverAuthentication = '1.3.6.1.5.5.7.3.1'
const clientAuthentication = '1.3.6.1.5.5.7.3.2'

interface Leaf {
  readonly subject: string
  readonly publicKey: webcrypto.CryptoKey
  readonly names: JsonGeneralName[]
  readonly usage: string
  readonly notAfterMs: number
}

/** Never valid for longer than what signs it. */
async function issue(authority: AuthorityKeys, moment: Moment, leaf: Leaf) {
  const issuer = new X509Certificate(authority.certificate)
  const issuerKey = await importPublicKey(issuer.publicKey.rawData)
  return await X509CertificateGenerator.create({
    serialNumber: serialNumber(moment.random),
    subject: leaf.subject,
    issuer: issuer.subject,
    ...validity(moment.nowMs, Math.min(leaf.notAfterMs, issuer.notAfter.getTime())),
    signingAlgorithm: algorithm,
    publicKey: leaf.publicKey,
    signingKey: await importKey(authority.privateKey),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([leaf.usage]),
      new SubjectAlternativeNameExtension(leaf.names),
      await AuthorityKeyIdentifierExtension.create(issuerKey),
      await SubjectKeyIdentifierExtension.create(leaf.publicKey),
    ],
  })
}

const authorityExtensions = async (publicKey: webcrypto.CryptoKey): Promise<Extension[]> => [
  new BasicConstraintsExtension(true, undefined, true),
  new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
  await SubjectKeyIdentifierExtension.create(publicKey),
]

const validity = (fromMs: number, untilMs: number) => ({
  notBefore: new Date(fromMs - backdatedMs),
  notAfter: new Date(untilMs),
})

/** Positive, 16 bytes. */
function serialNumber(random: RandomBytes): string {
  const bytes = random(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return toHex(bytes)
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await subtle.exportKey('pkcs8', key))
  const pem = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({
    format: 'pem',
    type: 'pkcs8',
  })
  return pem.toString()
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ format: 'der', type: 'pkcs8' })
  return subtle.importKey('pkcs8', Uint8Array.from(der), algorithm, false, ['sign'])
}

const importPublicKey = (spki: ArrayBuffer | Uint8Array): Promise<webcrypto.CryptoKey> =>
  subtle.importKey('spki', new Uint8Array(spki), algorithm, true, ['verify'])
