import { describe, expect, it } from 'vitest'
import {
  dayMs,
  hourMs,
  minuteMs,
  secondMs,
  settableClock,
  systemClock,
} from '../../../src/base/clock.ts'

describe('clocks', () => {
  it('the one of tests stands still until it is moved', () => {
    const clock = settableClock(1_000)
    expect([clock.now(), clock.now()]).toEqual([1_000, 1_000])
    clock.add(hourMs)
    expect(clock.now()).toBe(1_000 + 3_600_000)
    clock.set(5)
    expect(clock.now()).toBe(5)
  })

  it('two of them do not know of each other', () => {
    const [one, other] = [settableClock(0), settableClock(0)]
    one.add(1)
    expect(other.now()).toBe(0)
  })

  it("the system's is that of Date", () => {
    const before = Date.now()
    const now = systemClock.now()
    expect(now).toBeGreaterThanOrEqual(before)
    expect(now).toBeLessThanOrEqual(Date.now())
  })

  it('a day has 24 hours, an hour 60 minutes, a minute 60 seconds', () => {
    expect([secondMs, minuteMs, hourMs, dayMs]).toEqual([1_000, 60_000, 3_600_000, 86_400_000])
  })
})
