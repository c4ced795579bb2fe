/** A certificate authority of one test, and a certificate of it for servers on loopback. */

import { systemRandom } from '../../src/base/bytes.ts'
import {
  makeAuthority,
  makeServerCertificate,
  type KeyPairPem,
} from '../../src/vault/authority/certificates.ts'

export interface LocalAuthority {
  /** PEM. */
  readonly certificate: string
  readonly server: KeyPairPem
}

export async function makeLocalAuthority(): Promise<LocalAuthority> {
  const moment = { nowMs: Date.now(), random: systemRandom }
  const authority = await makeAuthority({ serviceId: '0'.repeat(32), number: 1 }, moment)
  const server = await makeServerCertificate(['127.0.0.1', 'localhost'], authority, moment)
  return { certificate: authority.certificate, server }
}
