/** The one port: reads the server name of each connection and hands it to the HTTPS server that is meant. */

import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Server as HttpsServer } from 'node:https'
import { sleep } from '../../base/flow.ts'
import { awaitHello } from './first-bytes.ts'

export interface FrontOptions {
  /** The server for a name, in lower case; undefined where the client named none. */
  readonly serverFor: (serverName: string | undefined) => HttpsServer
  /** All of them. */
  readonly servers: readonly HttpsServer[]
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  readonly helloTimeoutMs?: number
  readonly maxConnections?: number
}

export interface Front {
  readonly port: number
  /** No new connections; requests that are being answered have until `graceMs` to end. */
  close(graceMs: number): Promise<void>
}

export async function startFront(options: FrontOptions): Promise<Front> {
  const sockets = new Set<Socket>()
  const listener = createServer({ noDelay: true, keepAlive: true })
  listener.maxConnections = options.maxConnections ?? 1_000
  listener.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    void handOver(socket, options)
  })
  // The HTTPS servers never listen by themselves: this starts their watch over slow clients.
  for (const server of options.servers) server.emit('listening')
  const port = await listen(listener, options)
  return {
    port,
    close: (graceMs) => close({ listener, sockets, servers: options.servers }, graceMs),
  }
}

const defaultHelloTimeoutMs = 10_000

async function handOver(socket: Socket, options: FrontOptions): Promise<void> {
  socket.on('error', () => socket.destroy())
  const first = await awaitHello(socket, options.helloTimeoutMs ?? defaultHelloTimeoutMs)
  switch (first.kind) {
    case 'hello':
      options.serverFor(first.serverName).emit('connection', socket)
      return
    case 'not-tls':
      refusePlain(socket, first.bytes)
      return
    case 'gone':
      socket.destroy()
  }
}

/** People who type http:// are told; anything else is just closed. */
function refusePlain(socket: Socket, bytes: Uint8Array): void {
  if (!/^[A-Z]{3,7} /.test(Buffer.from(bytes.subarray(0, 8)).toString('latin1'))) {
    socket.destroy()
    return
  }
  const text = 'This port speaks HTTPS only.\n'
  socket.end(
    `HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}\r\nConnection: close\r\n\r\n${text}`,
    () => socket.destroy(),
  )
}

function listen(listener: Server, options: FrontOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    listener.once('error', reject)
    listener.listen(options.port, options.host, () => {
      listener.off('error', reject)
      resolve((listener.address() as AddressInfo).port)
    })
  })
}

interface Running {
  readonly listener: Server
  readonly sockets: Set<Socket>
  readonly servers: readonly HttpsServer[]
}

async function close({ listener, sockets, servers }: Running, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => listener.close(() => resolve()))
  const until = performance.now() + graceMs
  while (sockets.size > 0 && performance.now() < until) {
    for (const server of servers) server.closeIdleConnections()
    await sleep(50)
  }
  for (const socket of sockets) socket.destroy()
  // Ends their watch; that they were not listening is known.
  for (const server of servers) server.close(() => undefined)
  await closed
}
