import { createServer, connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { settled } from '../../../../src/agent/connection/settled.ts'
import { closedPort } from '../../../support/hostile-servers.ts'
import { listen } from '../../../support/listen.ts'

const never = new AbortController().signal

/** A socket to a server that does with it what is said. */
async function socketTo(serve: (socket: Socket) => void): Promise<Socket> {
  return connect({ port: await listen(createServer(serve)), host: '127.0.0.1' })
}

const watched = (socket: Socket) =>
  ['connect', 'readable', 'error', 'close'].map((event) => socket.listenerCount(event))

describe('waiting for a socket', () => {
  it('gives the socket once it happened, and leaves no listener on it', async () => {
    const socket = await socketTo(() => undefined)
    const before = watched(socket)
    expect(await settled(socket, 'connect', never)).toBe(socket)
    expect(watched(socket)).toEqual(before)
    expect(socket.destroyed).toBe(false)
  })

  it('fails with what went wrong, and destroys the socket', async () => {
    const socket = connect({ port: await closedPort(), host: '127.0.0.1' })
    await expect(settled(socket, 'connect', never)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect(socket.destroyed).toBe(true)
  })

  it('fails where the other side hangs up before it happens', async () => {
    const socket = await socketTo((accepted) => accepted.end())
    socket.resume()
    await expect(settled(socket, 'never', never)).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  it('fails with the reason of an abort, before or while it waits', async () => {
    const reason = new Error('no longer wanted')
    const early = await socketTo(() => undefined)
    await expect(settled(early, 'connect', AbortSignal.abort(reason))).rejects.toBe(reason)
    expect(early.destroyed).toBe(true)

    const aborting = new AbortController()
    const late = await socketTo(() => undefined)
    const waiting = settled(late, 'readable', aborting.signal)
    await once(late, 'connect')
    aborting.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    expect(late.destroyed).toBe(true)
  })

  it('makes an error of a reason that is none', async () => {
    const socket = await socketTo(() => undefined)
    const waiting = settled(socket, 'connect', AbortSignal.abort('no longer wanted'))
    await expect(waiting).rejects.toThrow('no longer wanted')
  })

  it('does not let a later error of a given-up socket end the process', async () => {
    const socket = await socketTo(() => undefined)
    await expect(settled(socket, 'readable', AbortSignal.abort())).rejects.toThrow()
    expect(() => socket.emit('error', new Error('late'))).not.toThrow()
  })
})
