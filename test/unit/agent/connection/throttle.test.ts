import { describe, expect, it } from 'vitest'
import {
  createThrottle,
  partBytes,
  throttledBody,
} from '../../../../src/agent/connection/throttle.ts'

/** A clock that goes on only while somebody waits. */
function slowLine(rates: { upload: number | null; download: number | null }) {
  let nowMs = 1000
  const throttle = createThrottle({
    rateOf: (direction) => rates[direction],
    now: () => nowMs,
    wait: (ms) => {
      nowMs += ms
      return Promise.resolve()
    },
  })
  const idle = (ms: number) => {
    nowMs += ms
  }
  return { throttle, rates, idle, elapsedMs: () => nowMs - 1000 }
}

describe('a throttle', () => {
  it('lets bytes go at its rate, over all who send', async () => {
    const { throttle, elapsedMs } = slowLine({ upload: 1000, download: null })
    for (let i = 0; i < 10; i++) await throttle.take('upload', 500)
    // The last part goes when those before it have had their time.
    expect(elapsedMs()).toBe(4500)
  })

  it('holds each direction by itself, and none without a rate', async () => {
    const { throttle, elapsedMs } = slowLine({ upload: 1000, download: null })
    await throttle.take('download', 1_000_000)
    await throttle.take('download', 1_000_000)
    await throttle.take('upload', 10)
    expect(elapsedMs()).toBe(0)
  })

  it('obeys a change at once', async () => {
    const { throttle, rates, elapsedMs } = slowLine({ upload: 1000, download: null })
    await throttle.take('upload', 1000)
    rates.upload = null
    await throttle.take('upload', 1_000_000)
    expect(elapsedMs()).toBe(0)
    rates.upload = 100
    await throttle.take('upload', 100)
    await throttle.take('upload', 1)
    expect(elapsedMs()).toBeGreaterThanOrEqual(1000)
  })

  it('counts what was taken at another rate by the time that it took', async () => {
    const { throttle, rates, elapsedMs } = slowLine({ upload: 100_000, download: null })
    await throttle.take('upload', 10_000)
    rates.upload = 1_000
    await throttle.take('upload', 1)
    expect(elapsedMs()).toBe(100)
  })

  it('serves whoever asked first, and makes up for no more than a moment of idleness', async () => {
    const { throttle, elapsedMs, idle } = slowLine({ upload: 1000, download: null })
    const order: number[] = []
    const sizes = [500, 1, 300]
    await Promise.all(
      sizes.map((bytes) => throttle.take('upload', bytes).then(() => order.push(bytes))),
    )
    expect(order).toEqual(sizes)
    idle(60_000)
    const before = elapsedMs()
    for (let i = 0; i < 10; i++) await throttle.take('upload', 100)
    expect(elapsedMs() - before).toBe(800)
  })

  it('takes back what was not used', async () => {
    const { throttle, elapsedMs } = slowLine({ upload: null, download: 1000 })
    await throttle.take('download', 1000)
    throttle.give('download', 900)
    await throttle.take('download', 1)
    expect(elapsedMs()).toBe(100)
  })

  it('sends a body whole and in order, in parts of a fraction of a second', async () => {
    const rate = 1024 * 1024
    const { throttle, elapsedMs } = slowLine({ upload: rate, download: null })
    const body = Uint8Array.from({ length: rate + 5 }, (_, at) => at % 251)
    const parts: Uint8Array[] = []
    for await (const part of throttledBody(body, throttle)) parts.push(part)
    expect(parts.length).toBe(17)
    expect(Buffer.concat(parts).equals(body)).toBe(true)
    expect(elapsedMs()).toBe(1000)
    expect(partBytes(64_000)).toBeLessThan(64_000 / 8)
  })

  it('stops waiting when it is aborted', async () => {
    const throttle = createThrottle({ rateOf: () => 1, now: () => 0 })
    const stop = new AbortController()
    await throttle.take('upload', 1000)
    const waiting = throttle.take('upload', 1, stop.signal)
    stop.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
  })
})
