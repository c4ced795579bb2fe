/** Files and directories that their owner marked as not worth a backup. Needs root, a loop mount and chattr. */

import { execFileSync } from 'node:child_process'
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { backUp } from '../faults/folder.ts'
import { registeredMachine, startCommandVault, type CommandMachine } from '../support/commands.ts'

function mountExt4(image: string, directory: string): void {
  mkdirSync(directory)
  writeFileSync(image, '')
  truncateSync(image, 32 * 1024 * 1024)
  execFileSync('mkfs.ext4', ['-q', image])
  execFileSync('mount', ['-o', 'loop', image, directory])
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

describe.runIf(process.getuid?.() === 0)('what is marked with chattr +d', () => {
  it('is left out where the policy says so, from the run after it was marked on', async () => {
    const vault = await startCommandVault()
    const machine = await registeredMachine(vault)
    const mounted = join(vault.scratch, 'ext4')
    mountExt4(join(vault.scratch, 'image'), mounted)
    const folder = join(mounted, 'data')
    for (const name of ['', 'scratch', 'kept']) mkdirSync(join(folder, name))
    for (const name of ['scratch/file', 'kept/file', 'kept/marked', 'kept/later']) {
      writeFileSync(join(folder, name), name)
    }
    execFileSync('chattr', ['+d', join(folder, 'scratch'), join(folder, 'kept/marked')])
    await machine.backup('policy', 'include', folder)
    await backUp(machine)
    const all = ['kept', 'kept/file', 'kept/later', 'kept/marked', 'scratch', 'scratch/file']
    expect(await savedBelow(machine, folder)).toEqual(all)

    await machine.backup('policy', 'selection', 'set', '--skip-nodump')
    await backUp(machine)
    expect(await savedBelow(machine, folder)).toEqual(['kept', 'kept/file', 'kept/later'])
    execFileSync('chattr', ['+d', join(folder, 'kept/later')])
    execFileSync('chattr', ['-d', join(folder, 'kept/marked')])
    await backUp(machine)
    expect(await savedBelow(machine, folder)).toEqual(['kept', 'kept/file', 'kept/marked'])

    const asked = await machine.backup('policy', 'test', join(folder, 'scratch', 'file'))
    expect(asked.event('path')).toMatchObject({
      ...{ saved: false, rule: { kind: 'nodump' }, at: join(folder, 'scratch') },
    })
    const yaml = await machine.backup('policy', 'show', '--yaml')
    expect(yaml.stdout).toMatch(/skip-nodump: "?yes/)
  })
})
