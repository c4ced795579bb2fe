/** The service's authority at work: it signs as the one of its day, and believes all of its own. */

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { dayMs, type Clock } from '../../base/clock.ts'
import { ascii, type RandomBytes } from '../../base/bytes.ts'
import { hkdfExpand, hkdfExtract } from '../../crypto/primitives/hash.ts'
import { signP256, verifyP256 } from '../../crypto/primitives/signature.ts'
import type { MachineId, VaultId } from '../../model/ids.ts'
import { apiServerName, enrolServerName, machineUri } from '../../protocol/routes.ts'
import type { VaultSigner } from '../records/signer.ts'
import type { ClientCertificate, KeyPairPem } from './certificates.ts'
import {
  readIdentity,
  replaceIdentity,
  type AuthorityKeys,
  type ServiceIdentity,
} from './identity.ts'

/** Loaded when something is signed: most commands sign no certificate, and start faster without X.509. */
const certificates = () => import('./certificates.ts')

const yearMs = 365 * dayMs
/** The successor is made and told so long before the end. */
export const successorBeforeMs = 2 * yearMs
/** It signs in the last year: by then machines have been told for a year. */
export const handoverBeforeMs = yearMs

export interface ClientIdentity {
  readonly vaultId: VaultId
  readonly machineId: MachineId
  /** SPKI (DER) of a P-256 key. */
  readonly publicKey: Uint8Array
  readonly notAfterMs: number
}

export interface Authority extends VaultSigner {
  readonly serviceId: string
  /** 32 bytes for what only this service can know; the same for all its life. */
  readonly secret: Uint8Array
  /** PEM of those to trust today, the one that signs first. */
  trusted(): string[]
  /** The certificate (PEM) of the one that signs today. */
  current(): string
  /** End of the last authority's certificate, ms. */
  validUntil(): number
  issueClientCertificate(client: ClientIdentity): Promise<ClientCertificate>
  /** `names`: besides the fixed ones. `certificate` is followed by what leads to the authority before. */
  issueServerCertificate(names: readonly string[]): Promise<KeyPairPem>
  /** Certificates (PEM) of those after the first. */
  successors(): string[]
  /** Makes the next one if it is time; takes over what another process has made. */
  prepareSuccessor(): Promise<void>
}

export interface AuthoritySurroundings {
  readonly clock: Clock
  readonly random: RandomBytes
}

/** @throws BackupError see readIdentity */
export async function openAuthority(
  directory: string,
  surroundings: AuthoritySurroundings,
): Promise<Authority> {
  return createAuthority(directory, await readIdentity(directory), surroundings)
}

function createAuthority(
  directory: string,
  opened: ServiceIdentity,
  { clock, random }: AuthoritySurroundings,
): Authority {
  let identity = opened
  const now = () => clock.now()
  const signing = () => signingAuthority(identity.authorities, now())
  const moment = () => ({ nowMs: now(), random })
  return {
    serviceId: identity.serviceId,
    secret: secretOf(identity),
    sign: (label, bytes) => signP256(createPrivateKey(signing().privateKey), label, bytes),
    verify: (label, message, signature) =>
      identity.authorities.some(({ certificate }) =>
        verifyP256(new X509Certificate(certificate).publicKey, { label, message }, signature),
      ),
    trusted: () => trustedAuthorities(identity.authorities, now()),
    current: () => signing().certificate,
    validUntil: () => endOf(lastOf(identity.authorities)),
    issueClientCertificate: async ({ vaultId, machineId, publicKey, notAfterMs }) => {
      const client = { publicKey, uri: machineUri(vaultId, machineId), notAfterMs }
      return (await certificates()).signClientCertificate(client, signing(), moment())
    },
    issueServerCertificate: async (names) => {
      const signer = signing()
      const all = [...new Set([...fixedNames(identity.serviceId), ...identity.names, ...names])]
      const pair = await (await certificates()).makeServerCertificate(all, signer, moment())
      return { ...pair, certificate: pair.certificate + chainOf(signer) }
    },
    successors: () => identity.authorities.slice(1).map(({ certificate }) => certificate),
    prepareSuccessor: async () => {
      identity = await readIdentity(directory)
      if (now() < endOf(lastOf(identity.authorities)) - successorBeforeMs) return
      const made = await makeSuccessor(identity, moment())
      identity = { ...identity, authorities: [...identity.authorities, made] }
      await replaceIdentity(directory, identity)
    },
  }
}

async function makeSuccessor(
  { serviceId, authorities }: ServiceIdentity,
  moment: { readonly nowMs: number; readonly random: RandomBytes },
): Promise<AuthorityKeys> {
  const { crossSign, makeAuthority } = await certificates()
  const pair = await makeAuthority({ serviceId, number: authorities.length + 1 }, moment)
  return { ...pair, crossCertificate: await crossSign(pair, lastOf(authorities), moment) }
}

/** Each hands over to its successor a year before its own end. */
function signingAuthority(authorities: readonly AuthorityKeys[], nowMs: number): AuthorityKeys {
  const fresh = authorities.find((authority) => nowMs < endOf(authority) - handoverBeforeMs)
  return fresh ?? lastOf(authorities)
}

function trustedAuthorities(authorities: readonly AuthorityKeys[], nowMs: number): string[] {
  const signing = signingAuthority(authorities, nowMs)
  const others = authorities.filter((one) => one !== signing && nowMs < endOf(one))
  return [signing, ...others].map(({ certificate }) => certificate)
}

const chainOf = (authority: AuthorityKeys): string =>
  authority.crossCertificate === undefined ? '' : `\n${authority.crossCertificate}`

function lastOf(authorities: readonly AuthorityKeys[]): AuthorityKeys {
  const last = authorities.at(-1)
  if (last === undefined) throw new Error('A service has no authority.')
  return last
}

const endOf = ({ certificate }: AuthorityKeys): number =>
  Date.parse(new X509Certificate(certificate).validTo)

const fixedNames = (serviceId: string): string[] => [
  enrolServerName(serviceId),
  apiServerName(serviceId),
]

/** From the first authority's key, so that it survives a restored identity. */
function secretOf({ authorities, serviceId }: ServiceIdentity): Uint8Array {
  const key = createPrivateKey(authorities[0]?.privateKey ?? '').export({
    format: 'der',
    type: 'pkcs8',
  })
  return hkdfExpand(hkdfExtract(ascii(serviceId), key), ascii('backup/v1/service-secret'))
}
