import { describe, expect, test } from 'vitest'
import { dayMs, hourMs, minuteMs } from '../../../../src/base/clock.ts'
import { readClock } from '../../../../src/vault/catalog/clock.ts'
import {
  commitTime,
  confirmTime,
  earlierTime,
  laterTime,
  movementOf,
  sightClock,
} from '../../../../src/vault/clock/vault-time.ts'
import { commitNext } from '../../../support/committed-points.ts'
import { openTestVault, register, startMs, type TestVault } from '../../../support/test-vault.ts'

async function seenVault(): Promise<TestVault> {
  const vault = await openTestVault()
  await register(vault)
  await sightClock(vault)
  return vault
}

const onlyLog = (vault: TestVault) =>
  openTestVault({
    directory: vault.directory,
    signer: vault.signer,
    catalogName: 'another.sqlite',
  })

test.each([
  [0, 'as usual'],
  [3 * dayMs, 'as usual'],
  [3 * dayMs + 1, 'forward'],
  [-5 * minuteMs, 'as usual'],
  [-5 * minuteMs - 1, 'backward'],
])('a clock that moved by %i ms moved %s', (ms, movement) => {
  expect(movementOf(startMs, startMs + ms)).toBe(movement)
})

describe('the clock', () => {
  test('is believed in a new vault, and as long as it goes on', async () => {
    const vault = await seenVault()
    for (let day = 1; day <= 5; day++) {
      vault.clock.add(dayMs)
      expect(await sightClock(vault)).toEqual({ kind: 'believed', nowMs: startMs + day * dayMs })
    }
  })

  test.each([
    ['forward', 4 * dayMs],
    ['backward', -hourMs],
  ])(
    'that jumps %s is not believed until it is confirmed, also when it comes back',
    async (_, ms) => {
      const vault = await seenVault()
      vault.clock.add(ms)
      const suspended = { kind: 'suspended', seenAt: startMs, clockAt: startMs + ms }
      expect(await sightClock(vault)).toEqual(suspended)
      vault.clock.set(startMs + minuteMs)
      expect(await sightClock(vault)).toEqual(suspended)
      expect(await confirmTime(vault)).toEqual({ seenAt: startMs, clockAt: startMs + ms })
      expect(await sightClock(vault)).toEqual({ kind: 'believed', nowMs: startMs + minuteMs })
    },
  )

  test('is still suspended for a catalog that is made anew from the log', async () => {
    const vault = await seenVault()
    vault.clock.add(400 * dayMs)
    await sightClock(vault)
    const anew = await onlyLog(vault)
    anew.clock.set(vault.clock.now())
    await anew.log.catchUp()
    expect(await sightClock(anew)).toMatchObject({ kind: 'suspended', seenAt: startMs })
  })

  test('of a new catalog is measured by what was written last', async () => {
    const vault = await seenVault()
    vault.clock.add(2 * dayMs)
    await commitNext(vault)
    const anew = await onlyLog(vault)
    await anew.log.catchUp()
    expect((await readClock(anew.catalog)).seenAt).toBe(startMs)
    anew.clock.set(startMs + 4 * dayMs)
    expect(await sightClock(anew)).toMatchObject({ kind: 'suspended' })
  })

  test('that was confirmed when nothing had happened leaves no record', async () => {
    const vault = await seenVault()
    const before = await vault.catalog.selectFrom('meta').selectAll().execute()
    expect(await confirmTime(vault)).toBeUndefined()
    expect(await vault.catalog.selectFrom('meta').selectAll().execute()).toEqual(before)
  })

  test('is confirmed at the time that it shows then', async () => {
    const vault = await seenVault()
    vault.clock.add(-10 * dayMs)
    expect(await confirmTime(vault)).toBeDefined()
    expect(await sightClock(vault)).toEqual({ kind: 'believed', nowMs: startMs - 10 * dayMs })
  })
})

describe('the time of a point', () => {
  test('never goes back, and is never before the real time', async () => {
    const vault = await seenVault()
    vault.clock.add(hourMs)
    expect(await commitTime(vault)).toBe(startMs + hourMs)
    vault.clock.add(-dayMs)
    expect(await commitTime(vault)).toBe(startMs + hourMs)
    vault.clock.add(30 * dayMs)
    expect(await commitTime(vault)).toBe(startMs + hourMs + 29 * dayMs)
    vault.clock.set(startMs + 2 * hourMs)
    expect(await commitTime(vault)).toBe(startMs + 2 * hourMs)
  })

  test('that was far ahead takes no tag from the points after the clock was set right', async () => {
    const vault = await seenVault()
    vault.clock.add(dayMs)
    await commitNext(vault)
    vault.clock.add(3_000 * dayMs)
    expect((await commitNext(vault)).tags).toContain('daily')
    vault.clock.set(startMs + 2 * dayMs)
    await sightClock(vault)
    await confirmTime(vault)
    expect((await commitNext(vault)).tags).toBe('daily')
  })

  test('for locks and for what can be taken back is the safe one of two', async () => {
    const vault = await seenVault()
    vault.clock.add(10 * dayMs)
    expect([await earlierTime(vault), await laterTime(vault)]).toEqual([
      startMs,
      startMs + 10 * dayMs,
    ])
    vault.clock.set(startMs - 10 * dayMs)
    expect([await earlierTime(vault), await laterTime(vault)]).toEqual([
      startMs - 10 * dayMs,
      startMs,
    ])
  })
})
