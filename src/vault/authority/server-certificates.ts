/** The certificate that the servers show: made anew at half its life, while they run. */

import type { Clock } from '../../base/clock.ts'
import type { TlsMaterial } from '../front/servers.ts'
import type { Authority } from './authority.ts'
import { serverLifeMs } from './certificates.ts'

export interface ServerCertificates {
  current(): TlsMaterial
  /** New material if the certificate's half life is over, or other authorities are to be trusted; undefined otherwise. */
  renewIfDue(): Promise<TlsMaterial | undefined>
}

export interface CertificateOwner {
  readonly authority: Authority
  readonly clock: Clock
  /** Besides the fixed ones: the service's address. */
  readonly names: () => Promise<readonly string[]>
}

/** The key lives in memory only: each process has its own. */
export async function createServerCertificates(
  owner: CertificateOwner,
): Promise<ServerCertificates> {
  let material = await make(owner)
  let madeAt = owner.clock.now()
  return {
    current: () => material,
    renewIfDue: async () => {
      const age = owner.clock.now() - madeAt
      if (age >= 0 && age < serverLifeMs / 2 && trustsAllOf(material, owner.authority)) {
        return undefined
      }
      material = await make(owner)
      madeAt = owner.clock.now()
      return material
    },
  }
}

async function make({ authority, names }: CertificateOwner): Promise<TlsMaterial> {
  const pair = await authority.issueServerCertificate(await names())
  return { ...pair, authorities: authority.trusted() }
}

const trustsAllOf = (material: TlsMaterial, authority: Authority): boolean =>
  material.authorities.join() === authority.trusted().join()
