/** Clients that say little, or slowly, and ways that make others do so. */

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { listen } from './listen.ts'

/** All that the port says to those bytes before it closes. */
export async function answerTo(port: number, opening: Uint8Array): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  let answer = ''
  socket.on('data', (part: Buffer) => (answer += part.toString('latin1')))
  const closed = once(socket, 'close')
  socket.write(opening)
  await closed
  return answer
}

/** Says no more than that, until the other side closes. */
export async function say(socket: Socket, opening: Uint8Array | string): Promise<void> {
  socket.on('error', () => undefined)
  const closed = once(socket, 'close')
  socket.resume()
  socket.write(opening)
  await closed
}

/** Goes on byte by byte. */
export async function drip(socket: Socket, opening: Uint8Array): Promise<void> {
  const timer = setInterval(() => socket.write(Uint8Array.of(0)), 200)
  await say(socket, opening)
  clearInterval(timer)
}

/** A way to that port on which what clients send arrives in segments of one byte. */
export async function startByteByByte(port: number): Promise<number> {
  const relay = createServer({ noDelay: true }, (client) => {
    const onward = connect({ port, host: '127.0.0.1', noDelay: true })
    onward.pipe(client)
    onward.on('error', () => client.destroy())
    client.on('error', () => onward.destroy())
    // A side that closes early is an end like any other.
    passSlowly(client, onward).catch(() => onward.destroy())
  })
  return listen(relay)
}

async function passSlowly(from: Socket, to: Socket): Promise<void> {
  for await (const part of from) {
    for (const byte of part as Buffer) {
      to.write(Uint8Array.of(byte))
      await new Promise(setImmediate)
    }
  }
  to.end()
}
