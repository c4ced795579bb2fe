import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { BackupError } from '../../../src/base/errors.ts'
import { retry, type RetryOptions } from '../../../src/base/flow.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

const away = () => new BackupError('unreachable', 'the vault is away')

/** Work that fails `failures` times, and how often it was tried. */
function failing(failures: number, error: () => Error = away) {
  const work = vi.fn(() => {
    if (work.mock.calls.length <= failures) return Promise.reject(error())
    return Promise.resolve('done')
  })
  return work
}

/** Runs to the end, whatever time that takes; pauses are in the middle of their jitter. */
async function run(work: () => Promise<string>, options: RetryOptions) {
  vi.spyOn(Math, 'random').mockReturnValue(0.5)
  const pauses: number[] = []
  const outcome = retry(work, {
    ...options,
    onRetry: (_error, pauseMs) => pauses.push(pauseMs),
  }).catch((error: unknown) => error)
  await vi.runAllTimersAsync()
  return { outcome: await outcome, pauses }
}

describe('retry', () => {
  it('gives the result of the first try that succeeds', async () => {
    const work = failing(2)
    expect((await run(work, { forMs: 60_000 })).outcome).toBe('done')
    expect(work).toHaveBeenCalledTimes(3)
  })

  it('waits twice as long each time, up to a bound', async () => {
    const options = { forMs: 60_000, firstDelayMs: 100, maxDelayMs: 500 }
    const { pauses } = await run(failing(5), options)
    expect(pauses).toEqual([100, 200, 400, 500, 500])
  })

  it('spreads its pauses from half to one and a half, so that machines do not come back as one', async () => {
    const pauses: number[] = []
    for (const random of [0, 0.999]) {
      vi.spyOn(Math, 'random').mockReturnValue(random)
      const options = { forMs: 60_000, firstDelayMs: 1_000 }
      const done = retry(failing(1), { ...options, onRetry: (_, pauseMs) => pauses.push(pauseMs) })
      await vi.runAllTimersAsync()
      await done
    }
    expect(pauses[0]).toBe(500)
    expect(pauses[1]).toBeCloseTo(1_499)
  })

  it('ends with the last error when its time would be over before the next try', async () => {
    const work = failing(Infinity)
    const { outcome, pauses } = await run(work, { forMs: 1_000, firstDelayMs: 200 })
    expect(outcome).toMatchObject({ code: 'unreachable' })
    expect(pauses).toEqual([200, 400])
    expect(work).toHaveBeenCalledTimes(3)
  })

  it('tries once where no time is given', async () => {
    const work = failing(1)
    expect((await run(work, { forMs: 0 })).outcome).toMatchObject({ code: 'unreachable' })
    expect(work).toHaveBeenCalledTimes(1)
  })

  it.each([
    ['an error that will not go away', new BackupError('passphrase-wrong', 'no')],
    ['an error that nobody foresaw', new TypeError('no')],
  ])('does not repeat %s', async (_, error) => {
    const work = failing(1, () => error)
    expect((await run(work, { forMs: 60_000 })).outcome).toBe(error)
    expect(work).toHaveBeenCalledTimes(1)
  })

  it('ends within a pause when it is interrupted', async () => {
    const controller = new AbortController()
    const work = failing(Infinity)
    const outcome = retry(work, { forMs: 60_000, signal: controller.signal })
    const reason = new BackupError('interrupted', 'stopped')
    const ended = expect(outcome).rejects.toBe(reason)
    await vi.advanceTimersByTimeAsync(0)
    controller.abort(reason)
    await ended
    expect(vi.getTimerCount()).toBe(0)
    expect(work).toHaveBeenCalledTimes(1)
  })
})
