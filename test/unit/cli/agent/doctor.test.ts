import { describe, expect, it } from 'vitest'
import { dayMs, hourMs } from '../../../../src/base/clock.ts'
import { judgeClock } from '../../../../src/cli/agent/doctor-clock.ts'
import { judgeWatching } from '../../../../src/cli/agent/doctor-watching.ts'

describe('the clock of a machine whose vault can not be talked to', () => {
  const vaultMs = Date.UTC(2026, 10, 25)
  const [validFromMs, validToMs] = [vaultMs - 30 * dayMs, vaultMs + 60 * dayMs]
  const judge = (nowMs: number, told = true) =>
    judgeClock({ validFromMs, validToMs, nowMs: told ? vaultMs : undefined }, nowMs)

  it.each([
    ['before the certificate', vaultMs - 400 * dayMs, /370 d.* behind/],
    ['after it', vaultMs + 400 * dayMs, /400 d.* ahead/],
    ['within it', vaultMs - 2 * hourMs, /2 h.* behind/],
  ])('is named as the likely cause: %s', (_, nowMs, message) => {
    const { outcome, message: said, hint } = judge(nowMs)
    expect([outcome, hint]).toEqual(['warning', expect.stringContaining('likely why')])
    expect(said).toMatch(message)
  })

  it('is named by the certificate alone where the vault says no time', () => {
    expect(judge(validToMs + dayMs, false)).toMatchObject({ outcome: 'warning' })
    expect(judge(vaultMs, false)).toMatchObject({ outcome: 'ok' })
  })

  it('is no cause where it agrees: a certificate may have ended all the same', () => {
    const ended = { validFromMs: 0, validToMs: vaultMs - dayMs, nowMs: vaultMs }
    expect(judgeClock(ended, vaultMs)).toMatchObject({ outcome: 'ok' })
    expect(judgeClock(undefined, vaultMs)).toMatchObject({ outcome: 'skipped' })
  })
})

describe('the limits of watching', () => {
  const usual = { directories: 1000, isRefused: false, mostWatches: 65_536, queueLength: 16_384 }

  it('are enough, or there is a line for sysctl', () => {
    expect(judgeWatching(usual)).toMatchObject({ outcome: 'ok' })
    expect(judgeWatching({ ...usual, directories: 60_000 }).hint).toContain(
      'max_user_watches=131072',
    )
    expect(judgeWatching({ ...usual, isRefused: true })).toMatchObject({ outcome: 'warning' })
    expect(judgeWatching({ ...usual, directories: 9000 }).hint).toContain('max_queued_events=32768')
  })
})
