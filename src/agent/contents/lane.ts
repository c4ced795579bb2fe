/** One thread as the pool sees it, and the inline form of it for tests. */

import { MessageChannel, Worker } from 'node:worker_threads'
import { BackupError } from '../../base/errors.ts'
import { createContentEngine } from './engine.ts'
import type { ContentSetup, FromThread, ThreadSetup, ToThread } from './messages.ts'

export interface Lane {
  post(message: ToThread): void
  /** What a pack lay in that is stored by now: for the next one. */
  giveBack(memory: SharedArrayBuffer): void
  close(): Promise<void>
}

export type StartLane = (setup: ContentSetup, hear: (message: FromThread) => void) => Lane

/** Little outlives a file: a small nursery is emptied fast, and what lies outside of it is given back as often. */
const resourceLimits = { maxYoungGenerationSizeMb: 12 }

/** Threads, from the built script. */
export const threadsOf =
  (script: URL): StartLane =>
  (setup, hear) => {
    const { port1: returns, port2 } = new MessageChannel()
    const workerData: ThreadSetup = { ...setup, returns: port2 }
    const worker = new Worker(script, { workerData, transferList: [port2], resourceLimits })
    const broken = (error: Error) => {
      hear({ kind: 'broken', error: { code: undefined, message: error.message } })
    }
    worker.on('message', hear)
    worker.on('error', broken)
    worker.on('exit', (code) => {
      if (code !== 0) broken(new BackupError('internal', `A reading thread ended with ${code}.`))
    })
    return {
      post: (message) => {
        worker.postMessage(message)
      },
      giveBack: (memory) => {
        returns.postMessage(memory)
      },
      close: async () => {
        returns.close()
        worker.removeAllListeners()
        await worker.terminate()
      },
    }
  }

/** From the built file beside this one. */
export const startThread: StartLane = threadsOf(new URL('./thread.js', import.meta.url))

/** The same work in this thread, a message at a time. Nothing waits for room here. */
export const startInline: StartLane = (setup, hear) => {
  const later = (message: FromThread) => void setImmediate(() => hear(message))
  const returned: SharedArrayBuffer[] = []
  const engine = createContentEngine(setup, {
    say: later,
    awaitRoom: () => undefined,
    returned: () => returned.pop(),
  })
  return {
    post: (message) => void setImmediate(() => engine.handle(message)),
    giveBack: (memory) => void returned.push(memory),
    close: () => Promise.resolve(),
  }
}
