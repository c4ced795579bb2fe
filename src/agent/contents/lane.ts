/** One thread as the pool sees it, and the inline form of it for tests. */

import { Worker } from 'node:worker_threads'
import { BackupError } from '../../base/errors.ts'
import { createContentEngine } from './engine.ts'
import type { ContentSetup, FromThread, ToThread } from './messages.ts'

export interface Lane {
  post(message: ToThread): void
  close(): Promise<void>
}

export type StartLane = (setup: ContentSetup, hear: (message: FromThread) => void) => Lane

/** Little outlives a file: a small nursery is emptied fast, and what lies outside of it is given back as often. */
const resourceLimits = { maxYoungGenerationSizeMb: 12 }

/** A thread, from the built file beside this one. */
export const startThread: StartLane = (setup, hear) => {
  const worker = new Worker(new URL('./thread.js', import.meta.url), {
    workerData: setup,
    resourceLimits,
  })
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
      worker.postMessage(message, message.kind === 'memory' ? [message.memory] : [])
    },
    close: async () => {
      worker.removeAllListeners()
      await worker.terminate()
    },
  }
}

/** The same work in this thread, a message at a time. Nothing waits for room here. */
export const startInline: StartLane = (setup, hear) => {
  const later = (message: FromThread) => void setImmediate(() => hear(message))
  const engine = createContentEngine(setup, { say: later, awaitRoom: () => undefined })
  return {
    post: (message) => void setImmediate(() => engine.handle(message)),
    close: () => Promise.resolve(),
  }
}
