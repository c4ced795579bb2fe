import type { Server as HttpsServer } from 'node:https'
import { connect, createServer, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openEnrolment, openHttp } from '../../../../src/agent/connection/open-http.ts'
import type { Http } from '../../../../src/agent/connection/http.ts'
import { messageOf } from '../../../../src/base/errors.ts'
import { apiServerName, enrolServerName } from '../../../../src/protocol/routes.ts'
import { exporterOf } from '../../../../src/vault/front/exporter.ts'
import { makeClientIdentity } from '../../../support/client-identity.ts'
import { startConnectProxy } from '../../../support/connect-proxy.ts'
import { listen } from '../../../support/listen.ts'
import { startTlsService } from '../../../support/tls-service.ts'

const get = { method: 'GET', path: '/' } as const

const textOf = async (http: Http): Promise<string> =>
  Buffer.from((await http.send(get)).bytes).toString()

/** The connections that reach one of the servers. */
function connectionsOf(server: HttpsServer): TLSSocket[] {
  const connections: TLSSocket[] = []
  server.on('secureConnection', (socket) => connections.push(socket))
  return connections
}

async function startService() {
  const service = await startTlsService()
  const { authority, front, servers } = service
  const { serviceId } = authority
  return {
    ...service,
    serviceId,
    vault: { address: '127.0.0.1', port: front.port, authorities: authority.trusted() },
    enrol: connectionsOf(servers.serverFor(enrolServerName(serviceId))),
    api: connectionsOf(servers.serverFor(apiServerName(serviceId))),
  }
}

describe('the connection for enrolment', () => {
  it('is open before the first request, which is answered on it', async () => {
    const { vault, serviceId, enrol } = await startService()
    const { http, exporter } = await openEnrolment(vault, serviceId)
    onTestFinished(() => http.close())
    await expect.poll(() => enrol).toHaveLength(1)
    expect(await textOf(http)).toBe('enrol')
    expect(enrol.map(exporterOf)).toEqual([exporter])
  }, 10_000)

  it.each([
    ['broke', (client: Socket) => client.resetAndDestroy()],
    ['was disturbed', (client: Socket) => client.write('no TLS'.repeat(100))],
  ])('is missed where it %s before anything was asked', async (_, disturb) => {
    const { vault, serviceId } = await startService()
    const clients: Socket[] = []
    const relay = createServer((client) => {
      clients.push(client)
      client.pipe(connect(vault.port, vault.address)).pipe(client)
    })
    const { http } = await openEnrolment({ ...vault, port: await listen(relay) }, serviceId)
    onTestFinished(() => http.close())
    for (const client of clients) disturb(client)
    for (let turns = 0; turns < 10; turns += 1) await new Promise(setImmediate)
    await expect(http.send(get)).rejects.toMatchObject({ code: 'unreachable' })
  })

  it('serves the requests that follow, however late, and no other one does', async () => {
    const { vault, serviceId, enrol } = await startService()
    const { http } = await openEnrolment(vault, serviceId)
    onTestFinished(() => http.close())
    for (let count = 0; count < 3; count += 1) {
      expect(await textOf(http)).toBe('enrol')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(await Promise.all([textOf(http), textOf(http)])).toEqual(['enrol', 'enrol'])
    expect(enrol).toHaveLength(1)
  }, 10_000)

  it('is not replaced when it breaks: what was signed for it is good for no other', async () => {
    const { vault, serviceId, enrol } = await startService()
    const { http } = await openEnrolment(vault, serviceId)
    onTestFinished(() => http.close())
    expect(await textOf(http)).toBe('enrol')
    for (const socket of enrol) socket.destroy()
    await expect.poll(() => textOf(http).catch(messageOf)).toMatch(/broke/)
    await expect(http.send(get)).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('The connection for enrolment broke') as string,
    })
    expect(enrol).toHaveLength(1)
  })

  it('ends when it is closed, also where nothing was asked', async () => {
    const { vault, serviceId, enrol } = await startService()
    for (const isUsed of [true, false]) {
      const { http } = await openEnrolment(vault, serviceId)
      await expect.poll(() => enrol.at(-1)?.destroyed).toBe(false)
      if (isUsed) await textOf(http)
      await http.close()
      await expect.poll(() => enrol.at(-1)?.destroyed).toBe(true)
    }
  })
})

describe('connections to the api', () => {
  it('are made when something is asked, kept, and at most six', async () => {
    const { vault, authority, serviceId, api } = await startService()
    const http = await openHttp(vault, {
      serverName: apiServerName(serviceId),
      identity: await makeClientIdentity(authority),
      retryForMs: 0,
    })
    onTestFinished(() => http.close())
    expect(api).toHaveLength(0)
    for (let count = 0; count < 20; count += 1) expect(await textOf(http)).toBe('api')
    expect(api.length).toBeLessThanOrEqual(6)
    await Promise.all(Array.from({ length: 40 }, () => textOf(http)))
    expect(api.length).toBeGreaterThan(1)
    expect(api.length).toBeLessThanOrEqual(6)
  })

  it('are made again after they broke', async () => {
    const { vault, authority, serviceId, api } = await startService()
    const http = await openHttp(vault, {
      serverName: apiServerName(serviceId),
      identity: await makeClientIdentity(authority),
      retryForMs: 10_000,
    })
    onTestFinished(() => http.close())
    await textOf(http)
    for (const socket of api) socket.destroy()
    expect(await textOf(http)).toBe('api')
    expect(api).toHaveLength(2)
  })

  it('go through the proxy, each by a way of its own', async () => {
    const { vault, authority, serviceId } = await startService()
    const proxy = await startConnectProxy()
    const http = await openHttp(
      { ...vault, proxy: { url: proxy.url } },
      {
        serverName: apiServerName(serviceId),
        identity: await makeClientIdentity(authority),
        retryForMs: 0,
      },
    )
    onTestFinished(() => http.close())
    await Promise.all([textOf(http), textOf(http)])
    expect(proxy.requests.length).toBeGreaterThanOrEqual(1)
    expect(new Set(proxy.requests)).toEqual(new Set([`CONNECT 127.0.0.1:${vault.port}`]))
  })

  it('are not tried again where the server is not the vault', async () => {
    const { vault, serviceId } = await startService()
    const other = await startService()
    const http = await openHttp(
      { ...vault, port: other.vault.port },
      { serverName: apiServerName(serviceId), retryForMs: 600_000 },
    )
    onTestFinished(() => http.close())
    await expect(http.send(get)).rejects.toMatchObject({ code: 'vault-untrusted' })
  })
})
