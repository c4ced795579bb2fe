/** A vault whose directory was set back to an older copy of itself, catalog and log together. */

import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  exitOf,
  registeredMachine,
  serveDirectory,
  startCommandVault,
} from '../support/commands.ts'

describe('a vault that was set back', () => {
  it('is noticed by the machine that made what is gone: nothing is sent', async () => {
    const vault = await startCommandVault()
    const { port } = vault.serving
    const machine = await registeredMachine(vault)
    const folder = join(vault.scratch, 'data')
    mkdirSync(folder)
    writeFileSync(join(folder, 'file'), 'content')
    await machine.backup('policy', 'include', folder)
    expect(await machine.backup('run')).toMatchObject({ code: 0 })
    await vault.serving.stop()
    const old = join(vault.scratch, 'old')
    cpSync(vault.directory, old, { recursive: true })
    const now = await serveDirectory(vault.directory, port)
    writeFileSync(join(folder, 'file'), 'other content')
    expect(await machine.backup('run')).toMatchObject({ code: 0 })
    await now.stop()
    rmSync(vault.directory, { recursive: true })
    renameSync(old, vault.directory)
    await serveDirectory(vault.directory, port)

    expect(exitOf(await machine.backup('run'))).toMatchObject({
      ...{ code: 4, error: 'vault-rolled-back' },
    })
    const points = await machine.backup('points')
    expect(points).toMatchObject({ code: 0 })
    expect(points.events.filter(({ event }) => event === 'point')).toHaveLength(1)
    expect(points.stdout).toContain('does not show the newest point')

    // The operator says that it was a restore: docs/operations.md, "An older copy came back".
    renameSync(join(machine.state, 'heads.json'), join(machine.state, 'heads.json.before'))
    expect(await machine.backup('run')).toMatchObject({ code: 0 })
    expect(await machine.backup('verify', '--read-data')).toMatchObject({ code: 0 })
  }, 180_000)
})
