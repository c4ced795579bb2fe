import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import type { Server as HttpsServer } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { dial, type DialOptions, type VaultAddress } from '../../../../src/agent/connection/dial.ts'
import { apiServerName, enrolServerName } from '../../../../src/protocol/routes.ts'
import { makeClientIdentity } from '../../../support/client-identity.ts'
import { startConnectProxy } from '../../../support/connect-proxy.ts'
import { closedPort, startHttp } from '../../../support/hostile-servers.ts'
import { listen } from '../../../support/listen.ts'
import { makeAuthority, startTlsService } from '../../../support/tls-service.ts'

async function startService() {
  const service = await startTlsService()
  const { authority, front } = service
  const vault: VaultAddress = {
    address: '127.0.0.1',
    port: front.port,
    authorities: authority.trusted(),
  }
  const enrol = enrolServerName(authority.serviceId)
  return { ...service, vault, enrol, api: apiServerName(authority.serviceId) }
}

async function dialled(vault: VaultAddress, options: DialOptions): Promise<TLSSocket> {
  const socket = await dial(vault, options)
  onTestFinished(() => void socket.destroy())
  return socket
}

const nextClient = async (server: HttpsServer): Promise<TLSSocket> =>
  ((await once(server, 'secureConnection')) as [TLSSocket])[0]

/** Takes connections and says nothing. */
async function startSilent(): Promise<{ port: number; accepted: Promise<Socket> }> {
  const server = createServer()
  const accepted = once(server, 'connection').then(([socket]) => socket as Socket)
  return { port: await listen(server), accepted }
}

describe('a connection to the vault', () => {
  it('is TLS 1.3 with the server whose name is asked for', async () => {
    const { vault, enrol } = await startService()
    const socket = await dialled(vault, { serverName: enrol })
    expect(socket.getProtocol()).toBe('TLSv1.3')
    expect(socket.alpnProtocol).toBe('http/1.1')
    expect(socket.authorized).toBe(true)
    expect(socket.getPeerX509Certificate()?.checkHost(enrol)).toBe(enrol)
  })

  it('shows the machine’s certificate where it is to, and to the enrolment server none', async () => {
    const { vault, authority, servers, enrol, api } = await startService()
    const identity = await makeClientIdentity(authority)
    const atApi = nextClient(servers.serverFor(api))
    await dialled(vault, { serverName: api, identity })
    expect((await atApi).getPeerX509Certificate()?.toString()).toBe(`${identity.certificate}\n`)
    const atEnrol = nextClient(servers.serverFor(enrol))
    await dialled(vault, { serverName: enrol, identity })
    expect((await atEnrol).getPeerX509Certificate()).toBeUndefined()
  })

  it('believes any of the authorities that it is given, and no other', async () => {
    const { vault, authority, enrol } = await startService()
    const stranger = (await makeAuthority()).trusted()
    const authorities = [...stranger, ...authority.trusted()]
    await dialled({ ...vault, authorities }, { serverName: enrol })
    const refused = dial({ ...vault, authorities: stranger }, { serverName: enrol })
    await expect(refused).rejects.toMatchObject({
      code: 'vault-untrusted',
      message: expect.stringMatching(/not signed by the authority/) as string,
    })
  })

  it('is not taken for that of another service of the same authority', async () => {
    const { vault } = await startService()
    const refused = dial(vault, { serverName: enrolServerName('0'.repeat(32)) })
    await expect(refused).rejects.toMatchObject({
      code: 'vault-untrusted',
      message: expect.stringMatching(/another service/) as string,
    })
  })

  it('is not made where nothing listens, or something else than TLS', async () => {
    const { vault, enrol } = await startService()
    const options = { serverName: enrol }
    const port = await closedPort()
    await expect(dial({ ...vault, port }, options)).rejects.toMatchObject({
      code: 'unreachable',
      message: `The vault at 127.0.0.1:${port} can not be reached: nothing listens there.`,
    })
    const plain = { ...vault, port: await startHttp() }
    await expect(dial(plain, options)).rejects.toMatchObject({
      code: 'vault-untrusted',
      message: expect.stringMatching(/does not speak HTTPS/) as string,
    })
  })
})

describe('a proxy between', () => {
  it('changes nothing for either end', async () => {
    const { vault, authority, servers, api } = await startService()
    const proxy = await startConnectProxy({ credentials: 'ann:secret' })
    const identity = await makeClientIdentity(authority)
    const atApi = nextClient(servers.serverFor(api))
    const socket = await dialled(
      { ...vault, proxy: { url: proxy.url, credentials: 'ann:secret' } },
      { serverName: api, identity },
    )
    expect(socket.getProtocol()).toBe('TLSv1.3')
    expect((await atApi).getPeerX509Certificate()?.toString()).toBe(`${identity.certificate}\n`)
    expect(proxy.requests).toEqual([`CONNECT 127.0.0.1:${vault.port}`])
  })

  it('is refused like any other server where it stands in for the vault', async () => {
    const { vault, enrol } = await startService()
    const other = await startService()
    const { url } = await startConnectProxy()
    const redirected = { ...vault, port: other.vault.port, proxy: { url } }
    await expect(dial(redirected, { serverName: enrol })).rejects.toMatchObject({
      code: 'vault-untrusted',
    })
  })
})

describe('a vault that says nothing', () => {
  it('is given up after the time for it, and told which way was tried', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const { port, accepted } = await startSilent()
    const vault = { address: '127.0.0.1', port, authorities: [] }
    const straight = dial(vault, { serverName: 'x.internal' })
    const url = new URL(`http://127.0.0.1:${port}`)
    const proxied = dial({ ...vault, proxy: { url } }, { serverName: 'x.internal' })
    void accepted.then(() => vi.advanceTimersByTime(30_000))
    await expect(straight).rejects.toMatchObject({
      code: 'unreachable',
      message: `The vault at 127.0.0.1:${port} can not be reached: no answer within 30 seconds.`,
    })
    await expect(proxied).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/30 seconds through the proxy 127\.0\.0\.1/) as string,
    })
  })

  it('is left at once when its caller gives up, with the caller’s reason', async () => {
    const giveUp = new AbortController()
    const reason = new Error('stopped')
    const { port, accepted } = await startSilent()
    const vault = { address: '127.0.0.1', port, authorities: [] }
    const dialling = dial(vault, { serverName: 'x.internal', signal: giveUp.signal })
    const atServer = await accepted
    const gone = once(atServer.resume(), 'close')
    giveUp.abort(reason)
    await expect(dialling).rejects.toBe(reason)
    await gone
  })

  it('is not dialled by a caller that has given up already', async () => {
    const proxy = await startConnectProxy()
    const vault = { address: '127.0.0.1', port: 1, authorities: [], proxy: { url: proxy.url } }
    const signal = AbortSignal.abort(new Error('stopped'))
    await expect(dial(vault, { serverName: 'x.internal', signal })).rejects.toThrow('stopped')
    expect(await proxy.connections()).toBe(0)
  })
})
