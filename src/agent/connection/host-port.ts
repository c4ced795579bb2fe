/** Addresses as they stand in URLs and messages. */

import { isIP } from 'node:net'

/** `host:port`, with brackets where they are needed. */
export const hostPort = (address: string, port: number): string =>
  isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`
