import { spawn } from 'node:child_process'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:https'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { describe, expect, it, onTestFinished } from 'vitest'
import { parseMachineId, parseVaultId } from '../../../../src/model/ids.ts'
import { apiServerName, enrolServerName } from '../../../../src/protocol/routes.ts'
import type { Authority } from '../../../../src/vault/authority/authority.ts'
import { exporterOf } from '../../../../src/vault/front/exporter.ts'
import { makeAuthority, startTlsService } from '../../../support/tls-service.ts'

async function clientIdentity(authority: Authority): Promise<{ key: string; cert: string }> {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString()
  const { pem: cert } = await authority.issueClientCertificate({
    vaultId: parseVaultId('1'.repeat(32)),
    machineId: parseMachineId('2'.repeat(32)),
    publicKey: pair.publicKey.export({ type: 'spki', format: 'der' }),
    notAfterMs: Date.now() + 86_400_000,
  })
  return { key: pem(pair.privateKey), cert }
}

/** The body of GET /, or the code of what went wrong. */
function get(port: number, options: ConnectionOptions): Promise<string> {
  return new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, agent: false, ...options }, (response) => {
      response.setEncoding('utf8')
      let text = ''
      response.on('data', (part: string) => (text += part))
      response.on('end', () => resolve(text))
    })
    asked.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    asked.end()
  })
}

describe('one port', () => {
  it('leads to the server whose name is asked for', async () => {
    const { authority, front } = await startTlsService()
    const ca = authority.trusted()
    const client = await clientIdentity(authority)
    const { serviceId } = authority
    expect(await get(front.port, { ca, servername: enrolServerName(serviceId) })).toBe('enrol')
    expect(await get(front.port, { ca, servername: apiServerName(serviceId), ...client })).toBe(
      'api',
    )
    expect(await get(front.port, { ca, servername: 'vault.example' })).toBe('portal')
    expect(await get(front.port, { ca })).toBe('portal')
  })

  it('lets nobody to the api without a certificate of this authority', async () => {
    const { authority, front } = await startTlsService()
    const stranger = await clientIdentity(await makeAuthority())
    const options = { ca: authority.trusted(), servername: apiServerName(authority.serviceId) }
    expect(await get(front.port, options)).toMatch(/^ERR_SSL|ECONNRESET/)
    expect(await get(front.port, { ...options, ...stranger })).toMatch(/^ERR_SSL|ECONNRESET/)
  })

  it('speaks TLS 1.3 to machines, and 1.2 at the portal only', async () => {
    const { authority, front } = await startTlsService()
    const options = { ca: authority.trusted(), maxVersion: 'TLSv1.2' as const }
    const enrol = enrolServerName(authority.serviceId)
    expect(await get(front.port, { ...options, servername: enrol })).toMatch(/^(ERR_SSL|EPROTO)/)
    expect(await get(front.port, { ...options, servername: 'vault.example' })).toBe('portal')
  })

  it('takes a hello that comes byte by byte', async () => {
    const { authority, front } = await startTlsService()
    const port = await startByteByByte(front.port)
    const options = { ca: authority.trusted(), servername: enrolServerName(authority.serviceId) }
    expect(await get(port, options)).toBe('enrol')
  })

  it('tells plain HTTP that it speaks HTTPS only, and closes on anything else', async () => {
    const { front } = await startTlsService()
    expect(await say(front.port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 400.*HTTPS/s,
    )
    expect(await say(front.port, 'SSH-2.0-OpenSSH_9.2\r\n')).toBe('')
    expect(await say(front.port, '\x16\x03\x01\xff\xff')).toBe('')
  })

  it('waits for a hello no longer than it is told to', async () => {
    const { front } = await startTlsService({ helloTimeoutMs: 50 })
    expect(await say(front.port, '')).toBe('')
    expect(await say(front.port, '\x16\x03\x01\x02\x00\x01')).toBe('')
  })

  it('gives both ends of a connection the same exporter, and every connection another', async () => {
    const { authority, front, servers } = await startTlsService()
    const seen: Uint8Array[] = []
    const enrol = servers.serverFor(enrolServerName(authority.serviceId))
    enrol.on('secureConnection', (socket) => seen.push(exporterOf(socket)))
    const ends: Uint8Array[] = []
    for (let count = 0; count < 2; count += 1) {
      const socket = connectTls({
        port: front.port,
        host: '127.0.0.1',
        ca: authority.trusted(),
        servername: enrolServerName(authority.serviceId),
      })
      await once(socket, 'secureConnect')
      ends.push(exporterOf(socket))
      socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
      await textOf(socket)
    }
    expect(seen).toEqual(ends)
    expect(ends[0]).not.toEqual(ends[1])
  })

  it('shows renewed certificates without a restart', async () => {
    const { authority, front, servers, renewed } = await startTlsService()
    const show = async () => {
      const socket = connectTls({ port: front.port, host: '127.0.0.1', ca: authority.trusted() })
      await once(socket, 'secureConnect')
      const { fingerprint256 } = socket.getPeerCertificate()
      socket.destroy()
      return fingerprint256
    }
    const before = await show()
    expect(await show()).toBe(before)
    servers.renew(await renewed())
    expect(await show()).not.toBe(before)
  })

  it('ends while idle connections are kept alive', async () => {
    const { authority, front } = await startTlsService()
    const socket = connectTls({ port: front.port, host: '127.0.0.1', ca: authority.trusted() })
    await once(socket, 'secureConnect')
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(socket, 'data')
    const closed = once(socket, 'close')
    socket.resume()
    await front.close(60_000)
    await closed
  })

  it('answers openssl s_client', async () => {
    const { authority, front } = await startTlsService()
    const name = enrolServerName(authority.serviceId)
    const words = ['s_client', '-connect', `127.0.0.1:${front.port}`, '-servername', name, '-brief']
    const child = spawn('openssl', words)
    let text = ''
    child.stdout.on('data', (part: Buffer) => (text += part.toString()))
    child.stderr.on('data', (part: Buffer) => (text += part.toString()))
    child.stdin.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    await once(child, 'close')
    expect(text).toContain('TLSv1.3')
    expect(text).toContain('enrol')
  })
})

/** A way to that port on which what clients send arrives in segments of one byte. */
async function startByteByByte(port: number): Promise<number> {
  const proxy = createServer({ noDelay: true }, (client) => {
    const onward = connect({ port, host: '127.0.0.1', noDelay: true })
    onward.pipe(client)
    onward.on('error', () => client.destroy())
    client.on('error', () => onward.destroy())
    passSlowly(client, onward).catch(() => onward.destroy())
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  onTestFinished(() => void proxy.close())
  return (proxy.address() as AddressInfo).port
}

async function passSlowly(from: Socket, to: Socket): Promise<void> {
  for await (const part of from) {
    for (const byte of part as Buffer) {
      to.write(Uint8Array.of(byte))
      await new Promise(setImmediate)
    }
  }
}

async function textOf(socket: Socket | TLSSocket): Promise<string> {
  let text = ''
  for await (const part of socket) text += String(part)
  return text
}

async function say(port: number, words: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.write(Buffer.from(words, 'latin1'))
  try {
    return await textOf(socket)
  } catch {
    return ''
  }
}
