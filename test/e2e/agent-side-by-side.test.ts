/** Runs at the same time: one of a source, and as many sources as there are. Real processes, ended in the middle. */

import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { exitOf, registeredMachine, startCommandVault } from '../support/commands.ts'

const patient = { timeout: 60_000, interval: 100 }

describe.skipIf(process.platform === 'win32')('runs at the same time', () => {
  it('are one for each source, and a killed one leaves nothing that holds up the next', async () => {
    const vault = await startCommandVault()
    const machine = await registeredMachine(vault)
    for (const source of ['photos', 'mail']) {
      mkdirSync(join(vault.scratch, source))
      writeFileSync(join(vault.scratch, source, 'file'), randomBytes(24 * 1024 * 1024))
      await machine.backup('policy', 'include', join(vault.scratch, source), '--source', source)
    }
    const slow = machine.start('run', '--source', 'photos', '--limit-upload', '24Mbit')
    const sent = join(machine.state, 'sent', 'photos.packs')
    await vi.waitFor(() => expect(existsSync(sent) && statSync(sent).size).toBeTruthy(), patient)

    slow.kill('SIGSTOP')
    const [same, other] = await Promise.all([
      machine.backup('run', '--source', 'photos'),
      machine.backup('run', '--source', 'mail'),
    ])
    expect(exitOf(same)).toMatchObject({ code: 11, error: 'busy' })
    expect(exitOf(other)).toMatchObject({ code: 0 })
    // What the other one has done does not make this one forget what it has sent.
    expect(statSync(sent).size).toBeGreaterThan(0)

    slow.kill('SIGKILL')
    await slow.result
    const both = await machine.backup('run')
    expect(exitOf(both), both.stdout).toMatchObject({ code: 0 })
    const summaries = both.events.filter(({ event }) => event === 'summary')
    expect(summaries).toHaveLength(2)
    const heads = JSON.parse(readFileSync(join(machine.state, 'heads.json'), 'utf8')) as object
    expect(heads).toMatchObject({ photos: { seq: 1 }, mail: { seq: 2 } })
    expect(exitOf(await machine.backup('verify', '--read-data'))).toMatchObject({ code: 0 })
  }, 120_000)
})
