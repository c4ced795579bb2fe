/** The watching thread as the daemon sees it. One that broke is begun anew, and has seen nothing. */

import { Worker } from 'node:worker_threads'
import type { FromWatcher, Question, ToWatcher, WatchedSource } from './messages.ts'
import { watchStatusSchema, type WatchStatus } from './messages.ts'
import { z } from 'zod'

export interface WatcherSetup {
  /** See `JournalOptions`. */
  readonly marker: string
  readonly queueLength: number
  readonly patienceMs: number
}

export interface Watcher {
  update(sources: readonly WatchedSource[]): void
  /** What the thread says; undefined where it broke. */
  ask(question: Question): Promise<unknown>
  status(): Promise<readonly WatchStatus[]>
  close(): Promise<void>
}

/** `script`: of the thread, built. */
export function startWatcher(
  setup: WatcherSetup,
  script = new URL('./thread.js', import.meta.url),
): Watcher {
  const waiting = new Map<number, (value: unknown) => void>()
  let number = 0
  let worker: Worker | undefined
  let isClosed = false

  const begin = (): Worker => {
    const begun = new Worker(script, { workerData: setup })
    const end = () => {
      if (worker === begun) worker = undefined
      for (const resolve of waiting.values()) resolve(undefined)
      waiting.clear()
    }
    begun.on('message', (message: FromWatcher) => {
      waiting.get(message.number)?.(message.value)
      waiting.delete(message.number)
    })
    begun.on('error', end)
    begun.on('exit', end)
    return begun
  }
  const ask = (message: ToWatcher & { readonly number: number }): Promise<unknown> =>
    new Promise((resolve) => {
      if (worker === undefined) {
        resolve(undefined)
        return
      }
      waiting.set(message.number, resolve)
      worker.postMessage(message)
    })
  return {
    update: (sources) => {
      if (isClosed || (sources.length === 0 && worker === undefined)) return
      worker ??= begin()
      worker.postMessage({ kind: 'sources', sources } satisfies ToWatcher)
    },
    ask: (question) => ask({ kind: 'question', number: number++, question }),
    status: async () =>
      z
        .array(watchStatusSchema)
        .catch([])
        .parse(await ask({ kind: 'status', number: number++ })),
    close: async () => {
      isClosed = true
      await worker?.terminate()
    },
  }
}
