/** The thread's own end: the engine, its messages, and its wait for room. */

import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { messageOf, systemCodeOf } from '../../base/errors.ts'
import { createContentEngine } from './engine.ts'
import { awaitRoom } from './in-flight.ts'
import type { FromThread, ThreadSetup, ToThread } from './messages.ts'

const setup = workerData as ThreadSetup

const engine = createContentEngine(setup, {
  say: (message) => parentPort?.postMessage(message),
  awaitRoom: (bytes) => {
    awaitRoom(setup.inFlight, bytes)
  },
  returned: () => {
    const received = receiveMessageOnPort(setup.returns) as
      { message: SharedArrayBuffer } | undefined
    return received?.message
  },
})

parentPort?.on('message', (message: ToThread) => {
  try {
    engine.handle(message)
  } catch (error) {
    const sent = { code: systemCodeOf(error), message: messageOf(error) }
    parentPort?.postMessage({ kind: 'broken', error: sent } satisfies FromThread)
  }
})
