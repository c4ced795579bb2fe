/** An undici agent whose connections are dialled to one of the vault's servers. */

import { enrolServerName } from '../../protocol/routes.ts'
import { dial, type DialOptions, type VaultAddress } from './dial.ts'
import { createHttp, type Http } from './http.ts'
import type { Throttle } from './throttle.ts'

export interface OpenHttpOptions extends DialOptions {
  readonly retryForMs: number
  readonly throttle?: Throttle | undefined
}

const connections = 6
const headersTimeoutMs = 120_000
const bodyTimeoutMs = 60_000

export async function openHttp(vault: VaultAddress, options: OpenHttpOptions): Promise<Http> {
  // Loaded here: commands that stay on this machine start faster without it.
  const { Agent } = await import('undici')
  const agent = new Agent({
    connections,
    pipelining: 1,
    headersTimeout: headersTimeoutMs,
    bodyTimeout: bodyTimeoutMs,
    connect: (_, callback) => {
      dial(vault, options).then(
        (socket) => {
          callback(null, socket)
        },
        (error: unknown) => {
          callback(error as Error, null)
        },
      )
    },
  })
  return createHttp({
    agent,
    origin: `https://${options.serverName}`,
    destination: vault,
    signal: options.signal,
    throttle: options.throttle,
    retryForMs: options.retryForMs,
  })
}

/** The enrolment server of a service: no certificate, one connection, which is open, and what binds signatures to it. */
export async function openEnrolment(
  vault: VaultAddress,
  serviceId: string,
  signal?: AbortSignal,
): Promise<{ readonly http: Http; readonly exporter: Uint8Array }> {
  const { Agent } = await import('undici')
  const { exporterBytes, exporterLabel } = await import('../../protocol/exporter.ts')
  const serverName = enrolServerName(serviceId)
  const socket = await dial(vault, { serverName, signal })
  // Until undici has it, nobody else listens.
  socket.on('error', () => undefined)
  const exporter = socket.exportKeyingMaterial(exporterBytes, exporterLabel, Buffer.alloc(0))
  let isUsed = false
  const agent = new Agent({
    connections: 1,
    headersTimeout: headersTimeoutMs,
    connect: (_, callback) => {
      const again = isUsed
      isUsed = true
      // Later: undici sends nothing on a connection that is there before it has finished asking.
      setImmediate(() => {
        if (again) callback(new Error('The connection for enrolment broke.'), null)
        else callback(null, socket)
      })
    },
  })
  const http = createHttp({
    agent,
    origin: `https://${serverName}`,
    destination: vault,
    signal,
    retryForMs: 0,
  })
  const close = async () => {
    await http.close()
    socket.destroy()
  }
  return { http: { ...http, close }, exporter: Uint8Array.from(exporter) }
}
