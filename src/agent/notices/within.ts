/** A time limit that holds: `AbortSignal.any` of a timeout can be forgotten by the garbage collector, and keeps no process alive. */

import { shortDuration } from '../../policy/schedule-words.ts'

/** `work` is given a signal that comes after `limitMs`, or with `signal`. */
export async function within<T>(
  limitMs: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const pass = () => controller.abort(signal.reason)
  const timer = setTimeout(
    () => controller.abort(new Error(`no answer within ${shortDuration(limitMs)}`)),
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
