import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { BackupError } from '../../../src/base/errors.ts'
import { createBudget, createQueue, forEachLimited, sleep } from '../../../src/base/flow.ts'

/** A promise that the test settles, and what became of it. */
function gate() {
  const gates: { open: () => void; fail: (error: Error) => void }[] = []
  const passed = new Promise<void>((open, fail) => {
    gates.push({ open, fail })
  })
  const [of] = gates
  return { passed, open: () => of?.open(), fail: (error: Error) => of?.fail(error) }
}

/** Lets everything run that waits for nothing but its turn. */
const settle = async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
}

describe('sleep', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('ends when its time is over, and leaves no listener behind', async () => {
    const { signal } = new AbortController()
    const slept = sleep(1_000, signal)
    await vi.advanceTimersByTimeAsync(1_000)
    await expect(slept).resolves.toBeUndefined()
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  it("ends at once with the signal's reason, and leaves no timer behind", async () => {
    const controller = new AbortController()
    const slept = sleep(1_000, controller.signal)
    const reason = new BackupError('interrupted', 'stopped')
    controller.abort(reason)
    await expect(slept).rejects.toBe(reason)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('does not begin where the signal was aborted before', async () => {
    const reason = new Error('too late')
    await expect(sleep(1_000, AbortSignal.abort(reason))).rejects.toBe(reason)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a budget', () => {
  it('lets in what fits, and the next when something was given back', async () => {
    const budget = createBudget(10)
    const admitted: number[] = []
    const take = (amount: number) => void budget.take(amount).then(() => admitted.push(amount))
    take(6)
    take(4)
    take(3)
    await settle()
    expect(admitted).toEqual([6, 4])
    budget.give(4)
    await settle()
    expect(admitted).toEqual([6, 4, 3])
  })

  it('keeps the order: a small amount does not pass a large one that waits', async () => {
    const budget = createBudget(10)
    const admitted: number[] = []
    const take = (amount: number) => void budget.take(amount).then(() => admitted.push(amount))
    take(8)
    take(9)
    take(1)
    await settle()
    expect(admitted).toEqual([8])
    budget.give(8)
    await settle()
    expect(admitted).toEqual([8, 9, 1])
  })

  it('lets in more than the whole of it when nothing else is out, and then nothing more', async () => {
    const budget = createBudget(10)
    const admitted: number[] = []
    const take = (amount: number) => void budget.take(amount).then(() => admitted.push(amount))
    take(1)
    take(25)
    take(2)
    await settle()
    expect(admitted).toEqual([1])
    budget.give(1)
    await settle()
    expect(admitted).toEqual([1, 25])
    budget.give(25)
    await settle()
    expect(admitted).toEqual([1, 25, 2])
  })
})

describe('work on each item, so many at once', () => {
  it('is never more than the limit, and all of it in the end', async () => {
    const done: number[] = []
    let running = 0
    let most = 0
    await forEachLimited([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
      most = Math.max(most, ++running)
      await settle()
      running--
      done.push(item)
    })
    expect(most).toBe(3)
    expect(done.sort()).toEqual([1, 2, 3, 4, 5, 6, 7])
  })

  it('takes an item from its source only when there is room for it', async () => {
    const taken: number[] = []
    const gates = [gate(), gate(), gate()]
    function* source() {
      for (const item of [0, 1, 2]) {
        taken.push(item)
        yield item
      }
    }
    const whole = forEachLimited(source(), 2, (item) => gates[item]?.passed ?? Promise.resolve())
    await settle()
    expect(taken).toEqual([0, 1])
    gates[1]?.open()
    await settle()
    expect(taken).toEqual([0, 1, 2])
    gates[0]?.open()
    gates[2]?.open()
    await whole
  })

  it('ends with the first failure, begins nothing more, and waits for what is running', async () => {
    const begun: number[] = []
    const gates = [gate(), gate()]
    let outcome: unknown = 'still running'
    const whole = forEachLimited([0, 1, 2, 3], 2, (item) => {
      begun.push(item)
      return gates[item]?.passed ?? Promise.resolve()
    }).catch((error: unknown) => (outcome = error))
    await settle()
    gates[0]?.fail(new Error('first'))
    await settle()
    expect(outcome).toBe('still running')
    gates[1]?.fail(new Error('second'))
    await whole
    expect(outcome).toEqual(new Error('first'))
    expect(begun).toEqual([0, 1])
  })

  it('waits for what is running where the source of items fails', async () => {
    const running = gate()
    let outcome: unknown = 'still running'
    function* source() {
      yield 0
      throw new Error('no more items')
    }
    const whole = forEachLimited(source(), 2, () => running.passed).catch(
      (error: unknown) => (outcome = error),
    )
    await settle()
    expect(outcome).toBe('still running')
    running.open()
    await whole
    expect(outcome).toEqual(new Error('no more items'))
  })

  it('closes a source that it does not read to its end', async () => {
    let closed = false
    async function* source() {
      try {
        for (let item = 0; ; item++) yield await Promise.resolve(item)
      } finally {
        closed = true
      }
    }
    const work = () => Promise.reject(new Error('no'))
    await expect(forEachLimited(source(), 1, work)).rejects.toThrow('no')
    expect(closed).toBe(true)
  })
})

describe('a queue', () => {
  it('does one thing after another, in the order in which they came', async () => {
    const queue = createQueue()
    const log: string[] = []
    const first = gate()
    const one = queue.run(async () => {
      log.push('one begins')
      await first.passed
      log.push('one ends')
      return 1
    })
    const two = queue.run(() => {
      log.push('two')
      return Promise.resolve(2)
    })
    await settle()
    expect(log).toEqual(['one begins'])
    first.open()
    expect(await Promise.all([one, two])).toEqual([1, 2])
    expect(log).toEqual(['one begins', 'one ends', 'two'])
  })

  it('goes on after a failure, which only the one who handed it in sees', async () => {
    const queue = createQueue()
    const failing = queue.run(() => Promise.reject(new Error('no')))
    const next = queue.run(() => Promise.resolve('yes'))
    await expect(failing).rejects.toThrow('no')
    await expect(next).resolves.toBe('yes')
  })
})
