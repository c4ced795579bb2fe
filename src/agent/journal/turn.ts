/**
 * Changes that come in one turn of the loop. The kernel's queue drops what it can not hold and libuv does not say so,
 * but reads all that is queued in one turn: as long as that is far from what the queue holds, nothing was dropped.
 */

import { readFileSync } from 'node:fs'

/** What the queue of this machine holds. */
export function queueLength(): number {
  try {
    return Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8')) || 0
  } catch {
    return 0
  }
}

export interface Turn {
  /** Something came, or watches were given up, which the queue tells as well. */
  readonly count: (events?: number) => void
}

export function createTurn(most: number, onTooMany: () => void): Turn {
  let inTurn = 0
  return {
    count: (events = 1) => {
      if (inTurn === 0) {
        setImmediate(() => {
          inTurn = 0
        })
      }
      const before = inTurn
      inTurn += events
      if (before <= most && inTurn > most) onTooMany()
    },
  }
}
