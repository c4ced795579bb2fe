/** Waits for a connection's hello, and leaves the bytes in the socket for whoever takes it over. */

import type { Socket } from 'node:net'
import { maxHelloBytes, readClientHello } from './client-hello.ts'

export type FirstBytes =
  | { readonly kind: 'hello'; readonly serverName: string | undefined }
  | { readonly kind: 'not-tls'; readonly bytes: Uint8Array }
  /** Closed, too slow, or too long. */
  | { readonly kind: 'gone' }

export function awaitHello(socket: Socket, timeoutMs: number): Promise<FirstBytes> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0)
    const finish = (result: FirstBytes) => {
      clearTimeout(timer)
      socket.off('data', onData).off('end', onGone).off('error', onGone).off('close', onGone)
      socket.pause()
      if (result.kind === 'hello') socket.unshift(bytes)
      resolve(result)
    }
    const onData = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      const reading = readClientHello(bytes)
      if (reading.kind === 'hello') finish(reading)
      else if (reading.kind === 'not-tls') finish({ kind: 'not-tls', bytes })
      else if (bytes.length > maxHelloBytes) onGone()
    }
    const onGone = () => {
      finish({ kind: 'gone' })
    }
    const timer = setTimeout(onGone, timeoutMs)
    socket.on('data', onData).on('end', onGone).on('error', onGone).on('close', onGone)
  })
}
