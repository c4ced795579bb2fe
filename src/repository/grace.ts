/**
 * What is on its way when a run is told to end, or fails: for a moment all of it may arrive, then the object that was begun first has
 * the line to itself for a while. What does not arrive is sent again by the next run.
 */

export interface Grace {
  /** For one object: its signal comes when there is no more time. */
  begin(): { readonly signal: AbortSignal; readonly end: () => void }
  /** The time begins, unless the signal has begun it. */
  start(): void
  /** Nothing is on its way any more. */
  close(): void
}

export interface GraceLimits {
  readonly allMs: number
  readonly oldestMs: number
}

/** Together less than `backup cancel` waits. */
const usualLimits: GraceLimits = { allMs: 5_000, oldestMs: 40_000 }

export function createGrace(
  signal: AbortSignal | undefined,
  { allMs, oldestMs }: GraceLimits = usualLimits,
): Grace {
  /** In the order in which they were begun. */
  const going = new Set<AbortController>()
  let timer: NodeJS.Timeout | undefined
  const give = (up: Iterable<AbortController>) => {
    for (const controller of up) controller.abort(signal?.reason ?? new Error('given up'))
  }
  const start = () => {
    timer ??= setTimeout(() => {
      give([...going].slice(1))
      timer = setTimeout(() => give(going), oldestMs)
    }, allMs)
  }
  signal?.addEventListener('abort', start, { once: true })
  return {
    begin: () => {
      const controller = new AbortController()
      going.add(controller)
      return { signal: controller.signal, end: () => void going.delete(controller) }
    },
    start,
    close: () => {
      signal?.removeEventListener('abort', start)
      clearTimeout(timer)
    },
  }
}
