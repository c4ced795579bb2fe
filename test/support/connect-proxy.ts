/** An HTTP proxy on loopback that lets CONNECT through, and notes all that it is asked for. */

import { createServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { connect, type Socket } from 'node:net'
import type { KeyPairPem } from '../../src/vault/authority/certificates.ts'
import { listen } from './listen.ts'

export interface ConnectProxyOptions {
  /** `user:password`. */
  readonly credentials?: string
  /** Answers every CONNECT with that status, and keeps the connection. */
  readonly refuseWith?: number
  /** Speaks HTTPS itself. */
  readonly pair?: KeyPairPem
}

export interface ConnectProxy {
  readonly url: URL
  /** `METHOD target` of each request. */
  readonly requests: readonly string[]
  /** Connections that clients have open with it. */
  connections(): Promise<number>
}

export async function startConnectProxy(options: ConnectProxyOptions = {}): Promise<ConnectProxy> {
  const { pair } = options
  const server =
    pair === undefined
      ? createServer()
      : createHttpsServer({ cert: pair.certificate, key: pair.privateKey })
  const requests: string[] = []
  server.on('request', ({ method, url }, response) => {
    requests.push(`${method} ${url}`)
    response.writeHead(405).end()
  })
  server.on('connect', ({ method, url = '', headers }, socket: Socket) => {
    requests.push(`${method} ${url}`)
    const refusal = refusalOf(headers['proxy-authorization'], options)
    if (refusal === undefined) passOn(socket, url)
    else refuse(socket, refusal)
  })
  const port = await listen(server)
  return {
    requests,
    url: new URL(`${pair === undefined ? 'http' : 'https'}://127.0.0.1:${port}`),
    connections: () =>
      new Promise((resolve, reject) => {
        server.getConnections((error, count) => {
          if (error) reject(error)
          else resolve(count)
        })
      }),
  }
}

function refusalOf(
  authorization: string | undefined,
  { credentials, refuseWith }: ConnectProxyOptions,
): number | undefined {
  if (refuseWith !== undefined || credentials === undefined) return refuseWith
  const expected = `Basic ${Buffer.from(credentials).toString('base64')}`
  return authorization === expected ? undefined : 407
}

function refuse(client: Socket, status: number): void {
  client.write(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`)
  client.resume()
  client.on('end', () => client.end()).on('error', () => client.destroy())
}

function passOn(client: Socket, target: string): void {
  const { hostname, port } = new URL(`tcp://${target}`)
  const onward = connect({ host: hostname, port: Number(port) }, () => {
    client.write('HTTP/1.1 200 Connection established\r\n\r\n')
    client.pipe(onward).pipe(client)
  })
  onward.on('error', () => client.destroy())
  client.on('error', () => onward.destroy())
}
