/** Two copies of a machine under one registration: noticed, told, and made two machines. */

import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  bareMachine,
  exitOf,
  registeredMachine,
  startCommandVault,
  type Ended,
} from '../support/commands.ts'

const isWarned = ({ stdout }: Ended): boolean => stdout.includes('another copy of this machine')

describe('two copies of a machine', () => {
  it('are noticed when both back up, and split: the copy registers anew, the other goes on', async () => {
    const vault = await startCommandVault()
    const machine = await registeredMachine(vault)
    const folder = join(vault.scratch, 'data')
    mkdirSync(folder)
    writeFileSync(join(folder, 'file'), 'content')
    await machine.backup('policy', 'include', folder)
    expect(await machine.backup('run')).toMatchObject({ code: 0 })
    const old = join(vault.scratch, 'old')
    cpSync(machine.state, old, { recursive: true })

    // A state of before is restored: the same machine, and no alarm.
    expect(await machine.backup('run')).toMatchObject({ code: 0 })
    cpSync(old, machine.state, { recursive: true })
    const restored = await machine.backup('run')
    expect([restored.code, isWarned(restored)]).toEqual([0, false])
    expect((await vault.vault('status')).event('status')).toMatchObject({ clonedMachines: 0 })

    const copy = bareMachine(vault.scratch, 'copy')
    cpSync(machine.state, copy.state, { recursive: true })
    expect(isWarned(await copy.backup('run'))).toBe(false)
    // Up to here it could be a machine that was set back to the state before.
    expect(isWarned(await machine.backup('run'))).toBe(false)
    const noticed = await copy.backup('run')
    expect([noticed.code, isWarned(noticed)]).toEqual([0, true])
    expect((await vault.vault('status')).event('status')).toMatchObject({ clonedMachines: 1 })
    expect((await vault.vault('machines', 'list')).event('machine')).toMatchObject({
      clonedAt: expect.any(Number) as number,
    })
    const doctor = await machine.backup('doctor')
    expect(doctor.stdout).toContain('machines split')
    expect(exitOf(await copy.backup('unregister', '--yes'))).toMatchObject({
      ...{ code: 1, error: 'machine-cloned' },
    })

    const file = join(vault.scratch, 'clone.vaultcred')
    const split = await vault.vault('machines', 'split', 'laptop', '--out', file)
    expect(split.event('machine-split')).toMatchObject({ name: 'laptop', file })
    const register = ['register', '--replace', '--vault-credentials', file, '--name', 'copy']
    const made = await copy.backup(...register, '--passphrase-file', copy.passphraseFile)
    expect(made).toMatchObject({ code: 0 })
    expect(isWarned(await copy.backup('run'))).toBe(false)
    expect(isWarned(await machine.backup('run'))).toBe(false)
    const machines = (await vault.vault('machines', 'list')).events
    expect(
      machines.flatMap(({ event, name, state, clonedAt }) =>
        event === 'machine' ? [{ name, state, clonedAt }] : [],
      ),
    ).toEqual([
      { name: 'copy', state: 'active', clonedAt: null },
      { name: 'laptop', state: 'active', clonedAt: null },
    ])
    expect(await machine.backup('verify', '--read-data')).toMatchObject({ code: 0 })
  }, 240_000)
})
