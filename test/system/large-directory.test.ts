/** A directory of 100,000 files: backed up, changed by one name, compared and restored in part. */

import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { backUp, mebibyte } from '../faults/folder.ts'
import { registeredMachine, startCommandVault } from '../support/commands.ts'

const entries = 100_000
const nameOf = (number: number) => `a file with the number ${number}`

describe('a directory of 100,000 files', () => {
  it('is saved, gets a new name in it without being sent again, and gives back one file', async () => {
    const vault = await startCommandVault()
    const machine = await registeredMachine(vault)
    const [folder, to] = [join(vault.scratch, 'data'), join(vault.scratch, 'to')]
    mkdirSync(folder)
    for (let file = 0; file < entries; file++) writeFileSync(join(folder, nameOf(file)), `${file}`)
    await machine.backup('policy', 'include', folder)
    await sleep(2_100)
    const first = await backUp(machine)
    expect(first.event('summary')).toMatchObject({ files: entries, leftOut: 0 })

    renameSync(join(folder, nameOf(77_777)), join(folder, 'another name'))
    const second = await backUp(machine)
    expect(second.event('summary')).toMatchObject({ files: entries, leftOut: 0 })
    expect(second.summary.bytesRead).toBeLessThan(100)
    // Pages of the tree that the name left and came to, not all of them.
    expect(second.summary.bytesSent).toBeLessThan(first.summary.bytesSent / 5)
    expect(second.summary.bytesSent).toBeLessThan(mebibyte)

    const points = [first, second].map((run) => String(run.event('summary')?.['pointId']))
    const changes = await machine.backup('diff', ...points)
    expect(changes, changes.stderr).toMatchObject({ code: 0 })
    const changed = changes.events.filter(({ event }) => event === 'difference')
    const kinds = changed.map(({ kind, path }) => [kind, String(path).slice(folder.length + 1)])
    expect(kinds.sort()).toEqual([
      ['added', 'another name'],
      ['removed', nameOf(77_777)],
    ])

    const wanted = join(folder, 'another name')
    const words = ['--point', 'latest', wanted, '--strip', '--to', to]
    const restored = await machine.backup('restore', ...words)
    expect(restored, restored.stdout).toMatchObject({ code: 0 })
    expect(Number(restored.event('summary')?.['bytesRead'])).toBeLessThan(8 * mebibyte)
    expect(readdirSync(to)).toEqual(['another name'])
  })
})
