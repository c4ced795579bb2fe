/** One rate over all connections: whoever wants to send or to ask for bytes waits for his turn. */

import { sleep } from '../../base/flow.ts'
import type { Direction } from '../../policy/throttle.ts'

export interface Throttle {
  /** Bytes a second by now; null: no limit. */
  rate(direction: Direction): number | null
  /** Resolves when these bytes may go, in the order in which they were asked for. */
  take(direction: Direction, bytes: number, signal?: AbortSignal): Promise<void>
  /** Bytes that were taken and not used. */
  give(direction: Direction, bytes: number): void
}

export interface ThrottleParts {
  /** Asked each time, so that changes hold at once. */
  readonly rateOf: (direction: Direction) => number | null
  /** Milliseconds that never go back. */
  readonly now: () => number
  readonly wait?: (ms: number) => Promise<void>
}

export function createThrottle({ rateOf, now, wait = sleep }: ThrottleParts): Throttle {
  const lane = (direction: Direction) => createLane({ rate: () => rateOf(direction), now, wait })
  const lanes = { upload: lane('upload'), download: lane('download') }
  return {
    rate: rateOf,
    take: (direction, bytes, signal) => lanes[direction].take(bytes, signal),
    give: (direction, bytes) => {
      lanes[direction].give(bytes)
    },
  }
}

/** What timers that ring late may make up for. */
const mostCreditMs = 100
const almostNothingMs = 1e-6

interface Waiting {
  readonly bytes: number
  readonly go: () => void
}

interface LaneParts {
  readonly rate: () => number | null
  readonly now: () => number
  readonly wait: (ms: number) => Promise<void>
}

/** Counted in time, not in bytes: what was taken at the old rate is no debt at the new one. */
function createLane({ rate, now, wait }: LaneParts) {
  const queue: Waiting[] = []
  let creditMs = 0
  let lastMs = now()
  let isServing = false

  const waitMs = (rateNow: number | null): number => {
    const nowMs = now()
    creditMs = rateNow === null ? 0 : Math.min(mostCreditMs, creditMs + nowMs - lastMs)
    lastMs = nowMs
    return creditMs > -almostNothingMs ? 0 : -creditMs
  }
  const serve = async () => {
    if (isServing) return
    isServing = true
    for (let next = queue[0]; next !== undefined; next = queue[0]) {
      const rateNow = rate()
      const ms = waitMs(rateNow)
      if (ms > 0) {
        await wait(ms)
        continue
      }
      queue.shift()
      if (rateNow !== null) creditMs -= (next.bytes / rateNow) * 1000
      next.go()
    }
    isServing = false
  }
  return {
    take: (bytes: number, signal?: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        signal?.throwIfAborted()
        const onAbort = () => {
          queue.splice(queue.indexOf(waiting), 1)
          reject(signal?.reason as Error)
        }
        const waiting = {
          bytes,
          go: () => {
            signal?.removeEventListener('abort', onAbort)
            resolve()
          },
        }
        signal?.addEventListener('abort', onAbort, { once: true })
        queue.push(waiting)
        void serve()
      }),
    give: (bytes: number) => {
      const rateNow = rate()
      if (rateNow !== null) creditMs += (bytes / rateNow) * 1000
    },
  }
}

/** Of a body that is sent: small enough for a slow line to be even, and whole packs never. */
export function partBytes(rate: number | null): number {
  if (rate === null) return 256 * 1024
  return Math.floor(Math.min(Math.max(rate / 16, 4 * 1024), 64 * 1024))
}

/** The body in parts, each when its turn has come. */
export async function* throttledBody(
  bytes: Uint8Array,
  throttle: Throttle,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length;) {
    const part = bytes.subarray(at, at + partBytes(throttle.rate('upload')))
    await throttle.take('upload', part.length, signal)
    yield part
    at += part.length
  }
}
