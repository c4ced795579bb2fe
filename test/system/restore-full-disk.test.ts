/** Restores to a disk that gets full, and to one that can only be read. Needs root, and mounts. */

import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compareTrees } from '../../src/agent/restore/compare.ts'
import { systemCalls } from '../../src/agent/system/open.ts'
import { backUp, mebibyte, writeRandom } from '../faults/folder.ts'
import { exitOf, registeredMachine, startCommandVault } from '../support/commands.ts'
import { mounted } from '../support/mounted.ts'

const options = { system: systemCalls(), owners: true }

async function machineWithPoint() {
  const vault = await startCommandVault()
  const machine = await registeredMachine(vault)
  const folder = join(vault.scratch, 'data')
  for (let file = 0; file < 300; file++)
    writeRandom(join(folder, `small/${file}`), 1000 + file * 30)
  for (let file = 0; file < 12; file++) writeRandom(join(folder, `large/${file}`), 3 * mebibyte)
  await machine.backup('policy', 'include', folder)
  await backUp(machine)
  const restore = (to: string) =>
    machine.backup('restore', '--point', 'latest', folder, '--strip', '--to', to)
  return { folder, restore, scratch: vault.scratch }
}

describe.runIf(process.getuid?.() === 0)('a restore', () => {
  it('to a disk that gets full ends with that; what has its name is whole, and with more room it goes on', async () => {
    const { folder, restore, scratch } = await machineWithPoint()
    const to = mounted('tmpfs', join(scratch, 'to'), 'size=20m')
    const ended = await restore(to)
    expect(exitOf(ended)).toMatchObject({ code: 21, error: 'disk-full' })
    expect(exitOf(ended)['hint']).toContain('Make room')
    const names = readdirSync(to, { recursive: true, encoding: 'utf8' })
    expect(names.filter((name) => name.includes('.tmp'))).toEqual([])
    expect(names.filter((name) => name.startsWith('large/')).length).toBeGreaterThan(0)
    const found = await compareTrees(folder, to, options)
    const ofFiles = found.filter(({ path, what }) => path.length > 1 && what !== 'only-in-first')
    expect(ofFiles).toEqual([])

    execFileSync('mount', ['-o', 'remount,size=100m', to])
    const again = await restore(to)
    expect(again, again.stdout).toMatchObject({ code: 0 })
    expect(Number(again.event('summary')?.['unchanged'])).toBeGreaterThan(0)
    expect(again.event('summary')).toMatchObject({ copies: 0 })
    expect((await compareTrees(folder, to, options)).filter(({ path }) => path.length > 1)).toEqual(
      [],
    )
  })

  it('to a disk that can only be read says so, and makes nothing', async () => {
    const { restore, scratch } = await machineWithPoint()
    const to = mounted('tmpfs', join(scratch, 'to'), 'size=1m')
    execFileSync('mount', ['-o', 'remount,ro', to])
    for (const place of [to, join(to, 'new')]) {
      const ended = await restore(place)
      expect(exitOf(ended)).toMatchObject({ code: 1, error: 'file-unwritable' })
      expect(exitOf(ended)['hint']).toContain('may write')
    }
    expect(readdirSync(to)).toEqual([])
  })
})
