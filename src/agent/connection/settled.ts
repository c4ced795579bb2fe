/** Waiting for a socket. */

import type { Socket } from 'node:net'

/** The socket once `event` happened; destroyed and rejected on an error, an early end or an abort. */
export function settled<S extends Socket>(
  socket: S,
  event: string,
  signal: AbortSignal,
): Promise<S> {
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void) => {
      socket.off(event, onDone)
      socket.off('error', onError)
      socket.off('close', onClose)
      signal.removeEventListener('abort', onAbort)
      settle()
    }
    const fail = (error: unknown) => {
      finish(() => {
        socket.on('error', () => undefined)
        socket.destroy()
        reject(error instanceof Error ? error : new Error(String(error)))
      })
    }
    const onDone = () => {
      finish(() => {
        resolve(socket)
      })
    }
    const onError = (error: Error) => {
      fail(error)
    }
    const onClose = () => {
      fail(Object.assign(new Error('The connection was closed.'), { code: 'ECONNRESET' }))
    }
    const onAbort = () => {
      fail(signal.reason)
    }
    socket.on(event, onDone)
    socket.on('error', onError)
    socket.on('close', onClose)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
  })
}
