/** The certificate that the servers show: made anew at half its life, while they run. */

import type { Clock } from '../../base/clock.ts'
import type { TlsMaterial } from '../front/servers.ts'
import type { Authority } from './authority.ts'
import { serverLifeMs } from './certificates.ts'

export interface ServerCertificates {
  current(): TlsMaterial
  /** New material if the certificate's half life is over, or names or trusted authorities are others; undefined otherwise. */
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
  let shown = await make(owner)
  return {
    current: () => shown.material,
    renewIfDue: async () => {
      if (await isGood(shown, owner)) return undefined
      shown = await make(owner)
      return shown.material
    },
  }
}

interface Shown {
  readonly material: TlsMaterial
  readonly names: readonly string[]
  readonly madeMs: number
}

async function make({ authority, clock, names }: CertificateOwner): Promise<Shown> {
  const held = await names()
  const pair = await authority.issueServerCertificate(held)
  const material = { ...pair, authorities: authority.trusted() }
  return { material, names: held, madeMs: clock.now() }
}

async function isGood(
  { material, names, madeMs }: Shown,
  owner: CertificateOwner,
): Promise<boolean> {
  const ageMs = owner.clock.now() - madeMs
  const isYoung = ageMs >= 0 && ageMs < serverLifeMs / 2
  const trustsAll = material.authorities.join() === owner.authority.trusted().join()
  return isYoung && trustsAll && names.join() === (await owner.names()).join()
}
