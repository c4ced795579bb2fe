/** Other file systems below an include path: entered, or kept as empty mount points. Needs root, and mounts. */

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { backUp } from '../faults/folder.ts'
import { registeredMachine, startCommandVault, type CommandMachine } from '../support/commands.ts'

function mount(kind: string, directory: string): void {
  mkdirSync(directory, { recursive: true })
  execFileSync('mount', ['-t', kind, kind, directory])
  onTestFinished(() => void execFileSync('umount', [directory]))
}

async function savedBelow(machine: CommandMachine, folder: string): Promise<string[]> {
  const { events } = await machine.backup('find', '*', '--point', 'latest')
  return events
    .map((event) => String(event['path']))
    .filter((path) => path.startsWith(`${folder}/`))
    .map((path) => path.slice(folder.length + 1))
    .sort()
}

describe.runIf(process.getuid?.() === 0)('a mount point below an include path', () => {
  it('is entered unless it shows the kernel or other file systems are left out; as a source of its own it is saved', async () => {
    const vault = await startCommandVault()
    const machine = await registeredMachine(vault)
    const folder = join(vault.scratch, 'data')
    mount('tmpfs', join(folder, 'memory'))
    mount('proc', join(folder, 'kernel'))
    mkdirSync(join(folder, 'inner'))
    writeFileSync(join(folder, 'inner', 'file'), 'file')
    writeFileSync(join(folder, 'memory', 'file'), 'in memory')
    await machine.backup('policy', 'include', folder)
    await backUp(machine)
    const all = ['inner', 'inner/file', 'kernel', 'memory', 'memory/file']
    expect(await savedBelow(machine, folder)).toEqual(all)
    const asked = await machine.backup('policy', 'test', join(folder, 'kernel', 'self'))
    expect(asked.event('path')).toMatchObject({
      saved: false,
      rule: { kind: 'pseudo-file-system' },
      at: join(folder, 'kernel'),
    })

    await machine.backup('policy', 'selection', 'set', '--one-file-system')
    await backUp(machine)
    const own = ['inner', 'inner/file', 'kernel', 'memory']
    expect(await savedBelow(machine, folder)).toEqual(own)

    // Named itself, it is wanted.
    await machine.backup('policy', 'include', '--remove', folder)
    await machine.backup('policy', 'include', join(folder, 'memory'))
    await backUp(machine)
    expect(await savedBelow(machine, folder)).toEqual(['memory', 'memory/file'])
  })
})

describe.runIf(process.getuid?.() === 0)('a mirror', () => {
  it('removes nothing on other file systems, also where one shows a directory of the same', async () => {
    const vault = await startCommandVault()
    const machine = await registeredMachine(vault)
    const at = (...names: string[]) => join(vault.scratch, 'data', ...names)
    const elsewhere = join(vault.scratch, 'elsewhere')
    mkdirSync(at('kept', 'bound'), { recursive: true })
    await machine.backup('policy', 'include', at())
    await backUp(machine)
    mkdirSync(join(elsewhere, 'deep'), { recursive: true })
    writeFileSync(join(elsewhere, 'deep', 'file'), 'precious')
    for (const place of [at('kept', 'bound'), at('later', 'bound')]) {
      mkdirSync(place, { recursive: true })
      execFileSync('mount', ['--bind', elsewhere, place])
      onTestFinished(() => void execFileSync('umount', [place]))
    }
    mount('tmpfs', at('memory'))
    writeFileSync(at('memory', 'file'), 'in memory')
    writeFileSync(at('later', 'file'), 'surplus')
    const words = ['--point', 'latest', '--in-place', '--delete', '--yes']
    const restored = await machine.backup('restore', ...words)
    expect(restored, restored.stdout).toMatchObject({ code: 0 })
    expect(restored.event('summary')).toMatchObject({ removed: 1 })
    expect(existsSync(at('later', 'file'))).toBe(false)
    expect(readFileSync(join(elsewhere, 'deep', 'file'), 'utf8')).toBe('precious')
    expect(readFileSync(at('memory', 'file'), 'utf8')).toBe('in memory')
  })
})
