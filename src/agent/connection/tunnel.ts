/** The way through an HTTP proxy (RFC 9110 9.3.6): it is told where to, and sees nothing else. */

import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { BackupError } from '../../base/errors.ts'
import { reasonOf, type Destination } from './failures.ts'
import { hostPort } from './host-port.ts'
import type { Proxy } from './proxy.ts'
import { settled } from './settled.ts'

/**
 * A socket that reaches the vault's port; what goes over it is for the vault alone.
 * @throws BackupError `proxy-refused`; `unreachable` where the proxy, or the vault from there, can not be reached
 */
export async function connectThroughProxy(
  proxy: Proxy,
  vault: Destination,
  signal: AbortSignal,
): Promise<Socket> {
  const socket = await connectToProxy(proxy.url, signal).catch((error: unknown) => {
    throw notReached(proxy.url, error)
  })
  try {
    socket.write(requestFor(proxy, vault))
    checkAnswer(await readHead(socket, signal), proxy, vault)
    return socket
  } catch (error) {
    socket.destroy()
    throw error instanceof BackupError ? error : notReached(proxy.url, error)
  }
}

function connectToProxy(url: URL, signal: AbortSignal): Promise<Socket> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (url.protocol === 'http:') {
    return settled(connectTcp({ host, port: Number(url.port || 80) }), 'connect', signal)
  }
  // TLS knows no addresses as names of servers.
  const name = isIP(host) === 0 ? { servername: host } : {}
  const socket = connectTls({ host, port: Number(url.port || 443), ...name })
  return settled(socket, 'secureConnect', signal)
}

function requestFor({ credentials }: Proxy, { address, port }: Destination): string {
  const target = hostPort(address, port)
  const lines = [`CONNECT ${target} HTTP/1.1`, `Host: ${target}`]
  if (credentials !== undefined) {
    const encoded = Buffer.from(credentials, 'utf8').toString('base64')
    lines.push(`Proxy-Authorization: Basic ${encoded}`)
  }
  return `${lines.join('\r\n')}\r\n\r\n`
}

const maxHeadBytes = 16_384

/** The proxy's answer up to its empty line, or as much as is read of one that has none; what follows stays in the socket. */
async function readHead(socket: Socket, signal: AbortSignal): Promise<string> {
  let head = Buffer.alloc(0)
  for (;;) {
    const end = head.indexOf('\r\n\r\n')
    if (end >= 0) {
      const rest = head.subarray(end + 4)
      if (rest.length > 0) socket.unshift(rest)
      return head.subarray(0, end).toString('latin1')
    }
    if (head.length > maxHeadBytes) return ''
    await settled(socket, 'readable', signal)
    const chunk = socket.read() as Buffer | null
    if (chunk !== null) head = Buffer.concat([head, chunk])
  }
}

function checkAnswer(head: string, { url, credentials }: Proxy, vault: Destination): void {
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0)
  if (status >= 200 && status < 300) return
  const where = `The proxy ${url.host}`
  switch (status) {
    case 0:
      throw refused(`${where} does not answer as an HTTP proxy does.`, 'Check its address.')
    case 407:
      throw credentials === undefined
        ? refused(`${where} wants a user name and password.`, howToGiveCredentials)
        : refused(`${where} wants another user name and password.`, howToChangeCredentials)
    case 502:
    case 503:
    case 504:
      throw new BackupError(
        'unreachable',
        `${where} can not reach the vault at ${hostPort(vault.address, vault.port)} (status ${status}).`,
        { hint: 'Check with the operator whether the vault is running.' },
      )
    default:
      throw refused(
        `${where} does not let this connection through (status ${status}).`,
        "Ask the proxy's operator to allow CONNECT to the vault's address and port.",
      )
  }
}

const howToGiveCredentials =
  'Put user:password into a file (chmod 600) and name it with --proxy-credentials or in BACKUP_PROXY_CREDENTIALS_FILE.'
const howToChangeCredentials =
  'Correct user:password in the file that --proxy-credentials or BACKUP_PROXY_CREDENTIALS_FILE names.'

const refused = (message: string, hint: string): BackupError =>
  new BackupError('proxy-refused', message, { hint })

const notReached = (url: URL, cause: unknown): BackupError =>
  new BackupError('unreachable', `The proxy ${url.host} can not be reached: ${reasonOf(cause)}.`, {
    hint: 'Check its address, and with its operator whether it is running.',
    cause,
  })
