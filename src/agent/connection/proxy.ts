/** HTTP proxies: which one to use, and the tunnel through it (RFC 9110 9.3.6). */

import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { BackupError } from '../../base/errors.ts'
import { readSecretFile } from '../../base/files.ts'
import { hostPort } from './host-port.ts'
import { settled } from './settled.ts'

export interface Proxy {
  readonly url: URL
  /** `user:password`. */
  readonly credentials?: string | undefined
}

export interface ProxyChoice {
  /** Of the command line or the registration. */
  readonly url?: string | undefined
  /** A file with `user:password`. */
  readonly credentialsFile?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
}

const maxCredentialsBytes = 4096

/** Undefined where none is to be used. @throws BackupError `usage`, `file-permissions` */
export async function chooseProxy(
  choice: ProxyChoice,
  vaultHost: string,
): Promise<Proxy | undefined> {
  const { env } = choice
  const text = choice.url ?? env['HTTPS_PROXY'] ?? env['https_proxy']
  const without = env['NO_PROXY'] ?? env['no_proxy'] ?? ''
  if (!text || (choice.url === undefined && isExempt(vaultHost, without))) return undefined
  const url = parseProxy(text)
  const file = choice.credentialsFile ?? env['BACKUP_PROXY_CREDENTIALS_FILE']
  return { url, credentials: file ? await readCredentials(file) : userInfo(url) }
}

function parseProxy(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url && ['http:', 'https:'].includes(url.protocol) && url.hostname) return url
  throw new BackupError('usage', `${JSON.stringify(text)} is no address of a proxy.`, {
    hint: 'Write it like http://proxy.example:3128',
  })
}

async function readCredentials(path: string): Promise<string> {
  const text = Buffer.from(await readSecretFile(path, maxCredentialsBytes)).toString('utf8')
  return text.replace(/\r?\n$/, '')
}

const userInfo = (url: URL): string | undefined =>
  url.username
    ? `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
    : undefined

/** `NO_PROXY`: `*`, or names and addresses; a name means those below it too. */
export function isExempt(host: string, list: string): boolean {
  return list
    .split(',')
    .map((item) =>
      item
        .trim()
        .toLowerCase()
        .replace(/:\d+$/, '')
        .replace(/^\*?\./, ''),
    )
    .filter((item) => item !== '')
    .some((item) => item === '*' || host === item || host.toLowerCase().endsWith(`.${item}`))
}

/** A socket that reaches the vault's port; what goes over it is for the vault alone. */
export async function connectThroughProxy(
  proxy: Proxy,
  { address, port }: { readonly address: string; readonly port: number },
  signal: AbortSignal,
): Promise<Socket> {
  const socket = await connectToProxy(proxy.url, signal)
  const target = hostPort(address, port)
  const lines = [`CONNECT ${target} HTTP/1.1`, `Host: ${target}`]
  if (proxy.credentials !== undefined) {
    const encoded = Buffer.from(proxy.credentials, 'utf8').toString('base64')
    lines.push(`Proxy-Authorization: Basic ${encoded}`)
  }
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  checkAnswer(await readHead(socket, signal), proxy)
  return socket
}

async function connectToProxy(url: URL, signal: AbortSignal): Promise<Socket> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (url.protocol === 'https:') {
    const port = Number(url.port || 443)
    return settled(connectTls({ host, port, servername: host }), 'secureConnect', signal)
  }
  return settled(connectTcp({ host, port: Number(url.port || 80) }), 'connect', signal)
}

const maxHeadBytes = 16_384

/** The proxy's answer up to its empty line; what follows stays in the socket. */
async function readHead(socket: Socket, signal: AbortSignal): Promise<string> {
  let head = Buffer.alloc(0)
  for (;;) {
    const end = head.indexOf('\r\n\r\n')
    if (end >= 0) {
      const rest = head.subarray(end + 4)
      if (rest.length > 0) socket.unshift(rest)
      return head.subarray(0, end).toString('latin1')
    }
    if (head.length > maxHeadBytes) throw new Error('The answer of the proxy is too long.')
    await settledReadable(socket, signal)
    const chunk = socket.read() as Buffer | null
    if (chunk !== null) head = Buffer.concat([head, chunk])
  }
}

const settledReadable = (socket: Socket, signal: AbortSignal): Promise<Socket> =>
  settled(socket, 'readable', signal)

function checkAnswer(head: string, { url, credentials }: Proxy): void {
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0)
  if (status >= 200 && status < 300) return
  const where = `The proxy ${url.host}`
  if (status === 407) {
    throw new BackupError(
      'proxy-refused',
      `${where} wants ${credentials ? 'another' : 'a'} user name and password.`,
      {
        hint: 'Put user:password into a file (chmod 600) and name it with --proxy-credentials.',
      },
    )
  }
  throw new BackupError(
    'proxy-refused',
    `${where} does not let this connection through (status ${status}).`,
    {
      hint: "Ask the proxy's operator to allow CONNECT to the vault's address and port.",
    },
  )
}
