/** What may be found at a vault's address instead of the vault. Each gives its port. */

import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer, type ServerOptions } from 'node:https'
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net'
import { onTestFinished } from 'vitest'
import { systemRandom } from '../../src/base/bytes.ts'
import { settableClock } from '../../src/base/clock.ts'
import { openAuthority } from '../../src/vault/authority/authority.ts'
import { makeServerCertificate, type KeyPairPem } from '../../src/vault/authority/certificates.ts'
import { readIdentity } from '../../src/vault/authority/identity.ts'
import type { StartedVault } from './running-vault.ts'

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

/** A port that nobody listens on. */
export async function closedPort(): Promise<number> {
  const server = createTcpServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Answers everything with a page. */
export const startHttp = (): Promise<number> =>
  listen(createHttpServer((_request, response) => response.end('<html>Welcome</html>')))

export const startHttps = (pair: KeyPairPem, options: ServerOptions = {}): Promise<number> =>
  listen(
    createHttpsServer(
      { cert: pair.certificate, key: pair.privateKey, ...options },
      (_request, response) => response.end('<html>Welcome</html>'),
    ),
  )

/** Hangs up on whoever connects. */
export const startHangingUp = (): Promise<number> =>
  listen(createTcpServer((socket) => socket.destroy()))

/** The certificate that this vault would have shown if it had been made then. */
export async function certificateMadeAt(
  { directory }: StartedVault,
  nowMs: number,
): Promise<KeyPairPem> {
  const surroundings = { clock: settableClock(nowMs), random: systemRandom }
  const authority = await openAuthority(directory, surroundings)
  return authority.issueServerCertificate(['127.0.0.1'])
}

/** Signed by this vault's authority, for another server. */
export async function certificateForAnother({ directory }: StartedVault): Promise<KeyPairPem> {
  const [authority] = (await readIdentity(directory)).authorities
  if (authority === undefined) throw new Error('A service has no authority.')
  const moment = { nowMs: Date.now(), random: systemRandom }
  return makeServerCertificate(['127.0.0.1', 'www.example'], authority, moment)
}
