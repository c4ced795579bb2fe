/** What binds a signature to one connection. */

import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

const label = 'EXPORTER-backup-v1'

/** 32 bytes of keying material (RFC 8446 7.5), the same at both ends of this connection and at no other. */
export function exporterOf(socket: Socket): Uint8Array<ArrayBuffer> {
  if (!(socket instanceof TLSSocket)) throw new TypeError('Only a TLS connection has an exporter.')
  return Uint8Array.from(socket.exportKeyingMaterial(32, label, Buffer.alloc(0)))
}
