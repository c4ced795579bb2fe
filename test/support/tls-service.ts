/** Three small HTTPS servers behind a front, with certificates of a real authority. */

import type { RequestListener } from 'node:http'
import { onTestFinished } from 'vitest'
import { systemRandom } from '../../src/base/bytes.ts'
import { systemClock } from '../../src/base/clock.ts'
import { openAuthority } from '../../src/vault/authority/authority.ts'
import { startFront, type FrontOptions } from '../../src/vault/front/front.ts'
import { createServers, type TlsMaterial } from '../../src/vault/front/servers.ts'
import { makeIdentity, placeIdentity } from '../../src/vault/operator/init.ts'
import { scratchDirectory } from './scratch.ts'

export async function makeAuthority() {
  const directory = scratchDirectory()
  const surroundings = { clock: systemClock, random: systemRandom }
  await placeIdentity(directory, await makeIdentity([], surroundings), 'new')
  return await openAuthority(directory, surroundings)
}

/** Each server answers with its own name. */
export async function startTlsService(options: Partial<FrontOptions> = {}) {
  const authority = await makeAuthority()
  const renewed = async (): Promise<TlsMaterial> => ({
    ...(await authority.issueServerCertificate(['127.0.0.1', 'vault.example'])),
    authorities: authority.trusted(),
  })
  const answer =
    (name: string): RequestListener =>
    (_request, response) => {
      response.end(name)
    }
  const handlers = { enrol: answer('enrol'), api: answer('api'), portal: answer('portal') }
  const servers = createServers(authority.serviceId, handlers, await renewed())
  const front = await startFront({
    serverFor: servers.serverFor,
    servers: servers.all,
    host: '127.0.0.1',
    port: 0,
    ...options,
  })
  onTestFinished(() => front.close(0))
  return { authority, servers, front, renewed }
}
