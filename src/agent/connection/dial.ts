/** Opens TLS connections to the vault: straight, or through a proxy by CONNECT, with TLS end to end either way. */

import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { BackupError } from '../../base/errors.ts'
import { within } from '../../base/flow.ts'
import { hostPort } from './host-port.ts'
import { translateFailure } from './failures.ts'
import type { Proxy } from './proxy.ts'
import { settled } from './settled.ts'
import { connectThroughProxy } from './tunnel.ts'

export interface VaultAddress {
  readonly address: string
  readonly port: number
  /** PEM: the only authorities that are trusted. */
  readonly authorities: readonly string[]
  readonly proxy?: Proxy | undefined
}

export interface ClientIdentity {
  /** PEM. */
  readonly certificate: string
  /** PEM. */
  readonly key: string
}

export interface DialOptions {
  /** The fixed name of the server that is meant (protocol/routes.ts). */
  readonly serverName: string
  readonly identity?: ClientIdentity | undefined
  readonly signal?: AbortSignal | undefined
}

const connectTimeoutMs = 30_000

/** A connection whose server has proven the name. @throws BackupError `unreachable`, `vault-untrusted`, `proxy-refused` */
export async function dial(vault: VaultAddress, options: DialOptions): Promise<TLSSocket> {
  const { signal = new AbortController().signal } = options
  signal.throwIfAborted()
  const limit = { isReached: false }
  try {
    return await within(connectTimeoutMs, signal, async (limited) => {
      limited.addEventListener('abort', () => (limit.isReached = true))
      return secure(await reach(vault, limited), vault, { ...options, signal: limited })
    })
  } catch (error) {
    signal.throwIfAborted()
    throw limit.isReached ? tooSlow(vault, error) : translateFailure(error, vault)
  }
}

/** A socket that reaches the vault's port, straight or through its proxy. */
export const reach = (vault: VaultAddress, signal: AbortSignal): Promise<Socket> =>
  vault.proxy ? connectThroughProxy(vault.proxy, vault, signal) : connectStraight(vault, signal)

function connectStraight({ address, port }: VaultAddress, signal: AbortSignal): Promise<Socket> {
  const socket = connectTcp({ host: address, port, noDelay: true })
  return settled(socket, 'connect', signal)
}

function secure(
  socket: Socket,
  vault: VaultAddress,
  { serverName, identity, signal }: DialOptions & { readonly signal: AbortSignal },
): Promise<TLSSocket> {
  const secured = connectTls({
    socket,
    servername: serverName,
    ca: [...vault.authorities],
    minVersion: 'TLSv1.3',
    ALPNProtocols: ['http/1.1'],
    ...(identity && { cert: identity.certificate, key: identity.key }),
  })
  return settled(secured, 'secureConnect', signal)
}

const tooSlow = ({ address, port, proxy }: VaultAddress, cause: unknown): BackupError => {
  const way = proxy === undefined ? '' : ` through the proxy ${proxy.url.host}`
  return new BackupError(
    'unreachable',
    `The vault at ${hostPort(address, port)} can not be reached: no answer within 30 seconds${way}.`,
    {
      hint: 'Check the network, and with the operator whether the vault is running.',
      cause,
    },
  )
}
