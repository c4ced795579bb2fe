/** A relay that notes when bytes pass, in both directions; and how late its own clock was, which no line is to blame for. */

import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'

interface Passage {
  readonly atMs: number
  readonly bytes: number
}

export interface CountingRelay {
  readonly port: number
  readonly up: readonly Passage[]
  readonly down: readonly Passage[]
  /** The longest that this process was held up. */
  readonly lagMs: () => number
}

const tickMs = 20

export async function startCountingRelay(toPort: number): Promise<CountingRelay> {
  const [up, down]: [Passage[], Passage[]] = [[], []]
  const sockets = new Set<Socket>()
  const pass = (from: Socket, to: Socket, passages: Passage[]) => {
    sockets.add(from)
    from.on('data', (data) => passages.push({ atMs: performance.now(), bytes: data.length }))
    from.pipe(to)
    from.on('error', () => to.destroy())
    from.on('close', () => to.destroy())
  }
  const server = createServer((client) => {
    const vault = connect(toPort, '127.0.0.1')
    pass(client, vault, up)
    pass(vault, client, down)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  let lagMs = 0
  let lastMs = performance.now()
  const timer = setInterval(() => {
    const nowMs = performance.now()
    lagMs = Math.max(lagMs, nowMs - lastMs - tickMs)
    lastMs = nowMs
  }, tickMs)
  onTestFinished(() => {
    clearInterval(timer)
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, up, down, lagMs: () => lagMs }
}

/** The most bytes that passed within any time of that length, from `fromMs` on. */
export function mostWithin(passages: readonly Passage[], windowMs: number, fromMs = 0): number {
  const seen = passages.filter(({ atMs }) => atMs >= fromMs)
  let [first, sum, most] = [0, 0, 0]
  for (const { atMs, bytes } of seen) {
    sum += bytes
    for (let oldest = seen[first]; oldest && oldest.atMs <= atMs - windowMs; oldest = seen[first]) {
      sum -= oldest.bytes
      first += 1
    }
    most = Math.max(most, sum)
  }
  return most
}
