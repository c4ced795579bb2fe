/** Bounded concurrency, retries, waiting. */

import { BackupError } from './errors.ts'

/** Resolves after `ms`; rejects with the signal's reason when it is aborted. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error)
      return
    }
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal?.reason as Error)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/**
 * `work` is given a signal that comes after `limitMs`, or with `signal`. It holds, where `AbortSignal.any` of a timeout can be
 * forgotten by the garbage collector, and keeps no process alive.
 */
export async function within<T>(
  limitMs: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const pass = () => controller.abort(signal.reason)
  const timer = setTimeout(
    () => controller.abort(new Error(`no answer within ${limitMs / 1000} s`)),
    limitMs,
  )
  signal.addEventListener('abort', pass, { once: true })
  if (signal.aborted) pass()
  try {
    return await work(controller.signal)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', pass)
  }
}

/** A budget of bytes (or of anything countable) that work takes before it starts and gives back after. */
export interface Budget {
  /** Waits until `amount` is free; an amount over the whole budget waits until nothing else is out. */
  take(amount: number): Promise<void>
  give(amount: number): void
}

export function createBudget(total: number): Budget {
  let free = total
  const waiting: { amount: number; go: () => void }[] = []
  const admit = () => {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      if (next.amount > free && free < total) return
      waiting.shift()
      free -= next.amount
      next.go()
    }
  }
  return {
    take: (amount) =>
      new Promise((resolve) => {
        waiting.push({ amount, go: resolve })
        admit()
      }),
    give: (amount) => {
      free += amount
      admit()
    },
  }
}

/** Calls `work` for each item, at most `limit` at once; the first failure stops the rest. Nothing runs any more when it ends. */
export async function forEachLimited<T>(
  items: Iterable<T> | AsyncIterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>()
  let failure: { error: unknown } | undefined
  try {
    for await (const item of items) {
      if (failure) break
      const task = work(item)
        .catch((error: unknown) => {
          failure ??= { error }
        })
        .finally(() => running.delete(task))
      running.add(task)
      if (running.size >= limit) await Promise.race(running)
    }
  } finally {
    await Promise.all(running)
  }
  if (failure) throw failure.error
}

export interface RetryOptions {
  /** Give up when this long has passed without success. */
  readonly forMs: number
  readonly firstDelayMs?: number
  readonly maxDelayMs?: number
  readonly signal?: AbortSignal | undefined
  readonly onRetry?: (error: BackupError, delayMs: number) => void
}

/** Repeats `work` while it fails with a retryable error, with growing, jittered pauses. */
export async function retry<T>(work: () => Promise<T>, options: RetryOptions): Promise<T> {
  const until = performance.now() + options.forMs
  for (
    let delay = options.firstDelayMs ?? 250;
    ;
    delay = Math.min(delay * 2, options.maxDelayMs ?? 60_000)
  ) {
    try {
      return await work()
    } catch (error) {
      const pause = delay * (0.5 + Math.random())
      if (!(error instanceof BackupError) || !error.retryable) throw error
      if (performance.now() + pause > until) throw error
      options.onRetry?.(error, pause)
      await sleep(pause, options.signal)
    }
  }
}

/** Work done one after another, in the order in which it was handed in. */
export interface Queue {
  run<T>(work: () => Promise<T>): Promise<T>
}

export function createQueue(): Queue {
  let last: Promise<unknown> = Promise.resolve()
  return {
    run: (work) => {
      const mine = last.then(work, work)
      last = mine.catch(() => undefined)
      return mine
    },
  }
}
