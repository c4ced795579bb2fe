/** `HOST:PORT`, where machines find the service. */

import { isIPv6 } from 'node:net'
import { BackupError } from '../../base/errors.ts'
import { defaultPort } from '../../protocol/routes.ts'
import type { ServiceAddress } from '../catalog/meta.ts'

/** `host`, `host:port`, `[v6]`, `[v6]:port`; the address is kept without brackets. @throws BackupError `usage` */
export function parseAddress(text: string): ServiceAddress {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? []
  const host = bracketed ?? plain ?? ''
  const number = port === undefined ? defaultPort : Number(port)
  const named = bracketed === undefined ? isHostName(host) : isIPv6(host)
  if (named && number >= 1 && number <= 65_535) return { address: host, port: number }
  throw new BackupError('usage', `Not an address: ${JSON.stringify(text)}.`, {
    hint: 'Write HOST:PORT, for example vault.example.org:8443 or [2001:db8::1]:8443.',
  })
}

/** Names for the service's certificates, besides its fixed ones: separated by commas. @throws BackupError `usage` */
export function parseNames(text: string): string[] {
  const names = text.split(',').map((name) => name.trim())
  for (const name of names) {
    if (!isHostName(name) && !isIPv6(name)) {
      throw new BackupError('usage', `Not a host name: ${JSON.stringify(name)}.`)
    }
  }
  return names
}

const isHostName = (text: string): boolean =>
  text.length <= 253 &&
  text.split('.').every((label) => /^[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?$/.test(label))

export const formatAddress = ({ address, port }: ServiceAddress): string =>
  `${isIPv6(address) ? `[${address}]` : address}:${port}`
