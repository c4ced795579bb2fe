/** What a point keeps of an earlier one, because it can not be read any more. */

import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { registeredMachine, startCommandVault, type Ended } from '../support/commands.ts'

describe('a folder that is kept as it was', () => {
  it('counts with all that it holds', async () => {
    const vault = await startCommandVault()
    const machine = await registeredMachine(vault)
    const [here, gone] = ['here', 'gone'].map((name) => join(vault.scratch, name))
    if (here === undefined || gone === undefined) throw new Error('no folders')
    mkdirSync(here)
    writeFileSync(join(here, 'file'), 'here')
    mkdirSync(join(gone, 'below'), { recursive: true })
    writeFileSync(join(gone, 'below', 'file'), 'will be gone')
    symlinkSync('file', join(gone, 'below', 'link'))
    await machine.backup('policy', 'include', here, gone)
    const first = await machine.backup('run')
    rmSync(gone, { recursive: true })

    const second = await machine.backup('run')
    expect(second).toMatchObject({ code: 3 })
    const shownOf = async (run: Ended) =>
      (await machine.backup('points', 'show', String(run.event('summary')?.['pointId']))).event(
        'point',
      )
    const before = await shownOf(first)
    const held = { files: 2, directories: before?.['directories'], others: 1, sizeBytes: 16 }
    expect(before).toMatchObject(held)
    expect(await shownOf(second)).toMatchObject(held)
  })
})
