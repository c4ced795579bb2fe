/** How fast bytes go under a throttle, seen between agent and vault. Upper bounds: a busy machine may be slower. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { registeredMachine, startCommandVault } from '../support/commands.ts'
import { mostWithin, startCountingRelay, type CountingRelay } from '../support/counting-relay.ts'

/** 8 Mbit/s. */
const rate = 1_000_000
const sourceBytes = 14 * rate

/** A machine whose way to the vault is seen, and a source that fills the line for a while. */
async function seenMachine() {
  const vault = await startCommandVault()
  const relay = await startCountingRelay(vault.serving.port)
  await vault.vault('vault', 'set-address', `127.0.0.1:${relay.port}`)
  const machine = await registeredMachine(vault)
  const folder = join(vault.scratch, 'source')
  mkdirSync(folder)
  for (let part = 0; part < 7; part++) {
    writeFileSync(join(folder, String(part)), randomBytes(sourceBytes / 7))
  }
  await machine.backup('policy', 'include', folder)
  return { machine, relay, scratch: vault.scratch }
}

/** What the relay itself held back comes late, all at once. */
function expectRate(relay: CountingRelay, direction: 'up' | 'down', fromMs: number): void {
  const passages = relay[direction]
  const late = (relay.lagMs() / 1000) * rate
  expect(mostWithin(passages, 10_000, fromMs)).toBeLessThan(10 * rate * 1.05 + late)
  expect(mostWithin(passages, 1_000, fromMs)).toBeLessThan(rate * 1.5 + late)
}

describe('a throttle', () => {
  it('holds its rate up and down, in every second and over ten', async () => {
    const { machine, relay, scratch } = await seenMachine()
    const fromMs = performance.now()
    const sent = await machine.backup('run', '--limit-upload', '8Mbit')
    expect(sent).toMatchObject({ code: 0 })
    expectRate(relay, 'up', fromMs)
    await machine.backup('policy', 'throttle', 'set', '--download', '8Mbit')
    const to = join(scratch, 'restored')
    const before = performance.now()
    expect(await machine.backup('restore', '--point', 'latest', '--to', to)).toMatchObject({
      code: 0,
    })
    expectRate(relay, 'down', before)
    const again = performance.now()
    expect(await machine.backup('verify', '--read-data')).toMatchObject({ code: 0 })
    expectRate(relay, 'down', again)
  })

  it('that is set while a run goes on holds within two seconds', async () => {
    const { machine, relay } = await seenMachine()
    await machine.backup('policy', 'throttle', 'set', '--upload', '24Mbit')
    const running = machine.start('run')
    while (relay.up.reduce((sum, { bytes }) => sum + bytes, 0) < 2 * rate) await sleep(50)
    await machine.backup('policy', 'throttle', 'set', '--upload', '8Mbit')
    const fromMs = performance.now() + 2_000
    expect(await running.result).toMatchObject({ code: 0 })
    expectRate(relay, 'up', fromMs)
  })
})
