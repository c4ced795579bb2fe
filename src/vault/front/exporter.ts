/** What binds a signature to one connection. */

import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { exporterBytes, exporterLabel } from '../../protocol/exporter.ts'

/** 32 bytes of keying material (RFC 8446 7.5), the same at both ends of this connection and at no other. */
export function exporterOf(socket: Socket): Uint8Array<ArrayBuffer> {
  if (!(socket instanceof TLSSocket)) throw new TypeError('Only a TLS connection has an exporter.')
  return Uint8Array.from(socket.exportKeyingMaterial(exporterBytes, exporterLabel, Buffer.alloc(0)))
}
