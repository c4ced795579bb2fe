import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import { connectThroughProxy } from '../../../../src/agent/connection/tunnel.ts'
import { startConnectProxy } from '../../../support/connect-proxy.ts'
import {
  certificateForAnother,
  closedPort,
  startHangingUp,
} from '../../../support/hostile-servers.ts'
import { listen } from '../../../support/listen.ts'
import { startVault } from '../../../support/running-vault.ts'

const never = new AbortController().signal
const vault = { address: 'vault.example', port: 8443 }

/** What answers any first bytes with those, and keeps the connection. */
async function proxyThatSays(answer: string): Promise<URL> {
  const server = createServer((socket) => {
    socket.once('data', () => socket.write(Buffer.from(answer, 'latin1')))
  })
  return new URL(`http://127.0.0.1:${await listen(server)}`)
}

const through = (url: URL, credentials?: string, target = vault): Promise<Socket> =>
  connectThroughProxy({ url, credentials }, target, never)

describe('the way through a proxy', () => {
  it('leads to what the proxy was asked for, and carries bytes both ways', async () => {
    const echo = createServer((socket) => socket.pipe(socket))
    const target = { address: '127.0.0.1', port: await listen(echo) }
    const proxy = await startConnectProxy()
    const socket = await through(proxy.url, undefined, target)
    socket.write('there and back')
    expect(String((await once(socket, 'data'))[0])).toBe('there and back')
    expect(proxy.requests).toEqual([`CONNECT 127.0.0.1:${target.port}`])
    socket.destroy()
  })

  it('is asked for with brackets where the vault has an IPv6 address', async () => {
    const proxy = await startConnectProxy({ refuseWith: 403 })
    await expect(through(proxy.url, undefined, { address: '::1', port: 8443 })).rejects.toThrow()
    expect(proxy.requests).toEqual(['CONNECT [::1]:8443'])
  })

  it('gives what comes right behind the answer to the vault’s connection', async () => {
    const socket = await through(await proxyThatSays('HTTP/1.1 200 OK\r\nVia: x\r\n\r\n\x16\x03'))
    socket.pause()
    const [first] = (await once(socket.resume(), 'data')) as [Buffer]
    expect(first).toEqual(Buffer.of(0x16, 0x03))
    socket.destroy()
  })

  it('understands an answer that comes byte by byte', async () => {
    const server = createServer({ noDelay: true }, (socket) => {
      socket.once('data', () => void dictate(socket, 'HTTP/1.0 200 OK\r\n\r\n'))
    })
    const socket = await through(new URL(`http://127.0.0.1:${await listen(server)}`))
    expect(socket.destroyed).toBe(false)
    socket.destroy()
  })

  it('is opened with a user and a password where the proxy wants them', async () => {
    const target = { address: '127.0.0.1', port: await listen(createServer()) }
    const proxy = await startConnectProxy({ credentials: 'ann:wörd:x' })
    ;(await through(proxy.url, 'ann:wörd:x', target)).destroy()
    await expect(through(proxy.url, 'ann:other', target)).rejects.toMatchObject({
      code: 'proxy-refused',
      exit: 'unreachable',
      message: expect.stringMatching(/another user name and password/) as string,
      hint: expect.stringMatching(/Correct user:password/) as string,
    })
    await expect(through(proxy.url, undefined, target)).rejects.toMatchObject({
      code: 'proxy-refused',
      message: expect.stringMatching(/wants a user name and password/) as string,
      hint: expect.stringMatching(/--proxy-credentials.*BACKUP_PROXY_CREDENTIALS_FILE/) as string,
    })
  })

  it('may be forbidden', async () => {
    const { url } = await startConnectProxy({ refuseWith: 403 })
    await expect(through(url)).rejects.toMatchObject({
      code: 'proxy-refused',
      message: `The proxy ${url.host} does not let this connection through (status 403).`,
      retryable: false,
    })
  })

  it.each([502, 503, 504])('may lead nowhere for the moment (status %i)', async (status) => {
    const { url } = await startConnectProxy({ refuseWith: status })
    await expect(through(url)).rejects.toMatchObject({
      code: 'unreachable',
      message: `The proxy ${url.host} can not reach the vault at vault.example:8443 (status ${status}).`,
      retryable: true,
    })
  })

  it.each([
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['an answer without an end', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(40_000)}`],
  ])('is not looked for behind %s', async (_, answer) => {
    await expect(through(await proxyThatSays(answer))).rejects.toMatchObject({
      code: 'proxy-refused',
      message: expect.stringMatching(/does not answer as an HTTP proxy/) as string,
    })
  })

  it('is not kept open where it was refused', async () => {
    const proxy = await startConnectProxy({ refuseWith: 407 })
    await expect(through(proxy.url)).rejects.toThrow()
    await expect.poll(() => proxy.connections()).toBe(0)
  })

  it('says that it is the proxy which can not be reached', async () => {
    const port = await closedPort()
    await expect(through(new URL(`http://127.0.0.1:${port}`))).rejects.toMatchObject({
      code: 'unreachable',
      message: `The proxy 127.0.0.1:${port} can not be reached: nothing listens there.`,
      hint: expect.stringMatching(/address/) as string,
    })
    const hangsUp = await startHangingUp()
    await expect(through(new URL(`http://127.0.0.1:${hangsUp}`))).rejects.toMatchObject({
      message: expect.stringMatching(/^The proxy .* the connection broke\.$/) as string,
    })
  })
})

describe('a proxy that speaks HTTPS', () => {
  it('has to show a certificate that this machine believes', async () => {
    const proxy = await startConnectProxy({ pair: await certificateForAnother(await startVault()) })
    const warn = vi.spyOn(process, 'emitWarning')
    await expect(through(proxy.url)).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/^The proxy 127\.0\.0\.1:\d+ can not be reached/) as string,
    })
    expect(proxy.requests).toEqual([])
    expect(warn).not.toHaveBeenCalled()
    warn.mockRestore()
  })
})

async function dictate(socket: Socket, text: string): Promise<void> {
  for (const letter of text) {
    socket.write(letter)
    await new Promise(setImmediate)
  }
}
