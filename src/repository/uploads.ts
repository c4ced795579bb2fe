/** Sends objects, several at once, within one budget of bytes; the first failure stops all that follows. */

import { createBudget } from '../base/flow.ts'
import type { NewObject, VaultConnection } from './connection.ts'
import { createGrace } from './grace.ts'

export interface UploadCounts {
  /** Bytes of all bodies sent, also of those that the vault had already. */
  readonly bytesSent: number
  /** Bytes that are new at the vault. */
  readonly bytesStored: number
}

export interface Uploads {
  /**
   * Resolves when the object has its place in the budget, so that whoever makes objects is slowed down to the line's speed.
   * `whenStored` is called after the acknowledgement; nobody looks at the bytes from then on.
   */
  put(object: NewObject, whenStored?: () => Promise<void>): Promise<void>
  /** Resolves when everything is acknowledged as durable. */
  settle(): Promise<void>
  /** Resolves when nothing is on its way any more, also after a failure or the signal: what was begun may arrive. */
  rest(): Promise<void>
  readonly counts: UploadCounts
}

export interface UploadOptions {
  readonly repository: number
  /** Bytes waiting or under way. */
  readonly budgetBytes?: number
  readonly connections?: number
  /** Nothing is begun after it. */
  readonly signal?: AbortSignal | undefined
  /** Called once, at the first failure: whoever waits for an acknowledgement waits in vain. */
  readonly onFailure?: (error: unknown) => void
}

export function createUploads(connection: VaultConnection, options: UploadOptions): Uploads {
  const bytes = createBudget(options.budgetBytes ?? 96 * 1024 * 1024)
  const slots = createBudget(options.connections ?? 4)
  const underWay = new Set<Promise<void>>()
  const grace = createGrace(options.signal)
  let bytesSent = 0
  let bytesStored = 0
  let failure: { error: unknown } | undefined

  const check = () => {
    options.signal?.throwIfAborted()
    if (failure) throw failure.error
  }
  const fail = (error: unknown) => {
    if (failure !== undefined) return
    failure = { error }
    grace.start()
    options.onFailure?.(error)
  }
  const send = async (object: NewObject, whenStored?: () => Promise<void>) => {
    // Known before: whoever is told that it is stored may take the memory away.
    const { length } = object.bytes
    await slots.take(1)
    const begun = grace.begin()
    try {
      check()
      const answer = await connection.putObject(options.repository, object, begun.signal)
      bytesSent += length
      if (answer === 'stored') bytesStored += length
      await whenStored?.()
    } finally {
      begun.end()
      slots.give(1)
      bytes.give(length)
    }
  }
  return {
    put: async (object, whenStored) => {
      check()
      await bytes.take(object.bytes.length)
      const task = send(object, whenStored)
        .catch(fail)
        .finally(() => underWay.delete(task))
      underWay.add(task)
    },
    settle: async () => {
      while (underWay.size > 0) await Promise.all(underWay)
      check()
    },
    rest: async () => {
      while (underWay.size > 0) await Promise.all(underWay)
      grace.close()
    },
    get counts() {
      return { bytesSent, bytesStored }
    },
  }
}
