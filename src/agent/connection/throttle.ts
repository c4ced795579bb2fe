/** One rate over all connections: whoever wants to send or has received waits for his turn. */

import { sleep } from '../../base/flow.ts'
import type { Direction } from '../../policy/throttle.ts'

export interface Throttle {
  /** Bytes a second by now; null: no limit. */
  rate(direction: Direction): number | null
  /** Resolves when these bytes may go. */
  take(direction: Direction, bytes: number, signal?: AbortSignal): Promise<void>
}

export interface ThrottleParts {
  /** Asked each time, so that changes hold at once. */
  readonly rateOf: (direction: Direction) => number | null
  /** Milliseconds that never go back. */
  readonly now: () => number
  readonly wait?: (ms: number, signal?: AbortSignal) => Promise<void>
}

/** Bodies go in parts of this size: small enough for a slow line to be even. */
export const throttledPartBytes = 16 * 1024

export function createThrottle({ rateOf, now, wait = sleep }: ThrottleParts): Throttle {
  /** When the line is free again. */
  const freeAt: Record<Direction, number> = { upload: 0, download: 0 }
  return {
    rate: rateOf,
    take: async (direction, bytes, signal) => {
      const rate = rateOf(direction)
      if (rate === null) return
      const start = Math.max(now(), freeAt[direction])
      freeAt[direction] = start + (bytes / rate) * 1000
      const waitMs = start - now()
      if (waitMs > 0) await wait(waitMs, signal)
    },
  }
}

/** The body in parts, each when its turn has come. */
export async function* throttledBody(
  bytes: Uint8Array,
  throttle: Throttle,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += throttledPartBytes) {
    const part = bytes.subarray(at, at + throttledPartBytes)
    await throttle.take('upload', part.length, signal)
    yield part
  }
}
