/**
 * What time it is at the vault, where a clock that is wrong keeps TLS from believing it: dates are not looked at, who signed is.
 * Nothing but an empty question is sent, and no certificate of this machine.
 */

import { X509Certificate } from 'node:crypto'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { within } from '../../base/flow.ts'
import { reach, type VaultAddress } from './dial.ts'
import { settled } from './settled.ts'

export interface ShownTime {
  /** Of the server's certificate, which an authority of this machine's vault has signed. */
  readonly validFromMs: number
  readonly validToMs: number
  /** What the server says; undefined where it says nothing. */
  readonly nowMs: number | undefined
}

const patienceMs = 10_000

/** Undefined where it can not be reached, or nobody vouches for it. */
export async function shownTime(
  vault: VaultAddress,
  serverName: string,
  signal: AbortSignal,
): Promise<ShownTime | undefined> {
  try {
    return await within(patienceMs, signal, (limited) => ask(vault, serverName, limited))
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}

async function ask(
  vault: VaultAddress,
  serverName: string,
  signal: AbortSignal,
): Promise<ShownTime | undefined> {
  const socket = connectTls({
    ...{ socket: await reach(vault, signal), servername: serverName, minVersion: 'TLSv1.3' },
    // The chain is looked at below, but for its dates.
    rejectUnauthorized: false,
  })
  try {
    await settled(socket, 'secureConnect', signal)
    const certificate = socket.getPeerX509Certificate()
    if (certificate === undefined || !isVouchedFor(certificate, serverName, vault)) return undefined
    return {
      validFromMs: Date.parse(certificate.validFrom),
      validToMs: Date.parse(certificate.validTo),
      nowMs: await dateOf(socket, serverName, signal),
    }
  } finally {
    socket.destroy()
  }
}

const isVouchedFor = (
  certificate: X509Certificate,
  serverName: string,
  { authorities }: VaultAddress,
): boolean =>
  certificate.checkHost(serverName) !== undefined &&
  authorities.some((authority) => certificate.verify(new X509Certificate(authority).publicKey))

const maxHeadBytes = 16_384

/** By the header of any answer. */
async function dateOf(
  socket: TLSSocket,
  serverName: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  socket.write(`HEAD / HTTP/1.1\r\nHost: ${serverName}\r\nConnection: close\r\n\r\n`)
  let head = ''
  while (!head.includes('\r\n\r\n') && head.length <= maxHeadBytes) {
    await settled(socket, 'readable', signal)
    head += (socket.read() as Buffer | null)?.toString('latin1') ?? ''
  }
  const [, date = ''] = /^date: (.*)$/im.exec(head) ?? []
  return Number.isNaN(Date.parse(date)) ? undefined : Date.parse(date)
}
