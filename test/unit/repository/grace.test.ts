import { describe, expect, it, vi } from 'vitest'
import { createGrace } from '../../../src/repository/grace.ts'

const limits = { allMs: 1000, oldestMs: 5000 }

describe('what is on its way when the run is told to end', () => {
  it('has a moment, then the oldest alone, then nothing', () => {
    vi.useFakeTimers()
    const run = new AbortController()
    const grace = createGrace(run.signal, limits)
    const [arrived, first, second] = [grace.begin(), grace.begin(), grace.begin()]
    run.abort(new Error('told to end'))
    vi.advanceTimersByTime(999)
    expect([first.signal.aborted, second.signal.aborted]).toEqual([false, false])
    arrived.end()
    vi.advanceTimersByTime(1)
    expect([first.signal.aborted, second.signal.aborted]).toEqual([false, true])
    vi.advanceTimersByTime(5000)
    expect(first.signal.reason).toEqual(new Error('told to end'))
    vi.useRealTimers()
  })

  it('has all the time while nobody says so, and no timer is left when it has arrived', () => {
    vi.useFakeTimers()
    const run = new AbortController()
    const grace = createGrace(run.signal, limits)
    const { signal, end } = grace.begin()
    vi.advanceTimersByTime(1_000_000)
    expect(signal.aborted).toBe(false)
    run.abort()
    end()
    grace.close()
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })
})
