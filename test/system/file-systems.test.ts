/** Whole file systems, mount points and all, restored onto empty ones of their kind and held to rsync and bsdtar. Needs root and loop devices. */

import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { backUp } from '../faults/folder.ts'
import { registeredMachine, startCommandVault } from '../support/commands.ts'
import { makeEveryKind } from '../support/every-kind.ts'
import { mounted } from '../support/mounted.ts'
import { itemizedChanges, mtreeOf } from '../support/told-by-others.ts'

const mebibyte = 1024 * 1024

/** And the bytes of the largest attribute that a file may have there. */
const kinds = [
  ['ext4', 2_500],
  ['xfs', 65_536],
  ['btrfs', 16_000],
  ['tmpfs', 65_536],
] as const

describe.runIf(process.getuid?.() === 0)('a whole file system of', () => {
  it.each(kinds)('%s comes back onto an empty one', async (kind, largestAttribute) => {
    const vault = await startCommandVault()
    const machine = await registeredMachine(vault)
    const folder = mounted(kind, join(vault.scratch, 'source'))
    const target = mounted(kind, join(vault.scratch, 'target'))
    makeEveryKind(folder, { largestAttribute })
    await machine.backup('policy', 'include', folder)
    const { summary } = await backUp(machine)
    expect(summary.bytesRead).toBeLessThan(30 * mebibyte)
    // A new ext4 is not quite empty: it has a lost+found.
    const how = ['--strip', '--privileged', '--on-conflict', 'overwrite']
    const words = ['--point', 'latest', folder, ...how, '--to', target]
    const restored = await machine.backup('restore', ...words)
    expect(restored, restored.stdout + restored.stderr).toMatchObject({ code: 0 })
    const exceptions = kind === 'ext4' ? ['--exclude=/lost+found'] : []
    expect(itemizedChanges(folder, target, ...exceptions)).toBe('')
    const ownFiles = (line: string) => !line.startsWith('./lost+found ')
    expect(mtreeOf(target).filter(ownFiles)).toEqual(mtreeOf(folder).filter(ownFiles))
    expect(statSync(join(target, 'sparse')).blocks * 512).toBeLessThan(20 * mebibyte)
    const capabilities = execFileSync('getcap', [join(target, 'empty')], { encoding: 'utf8' })
    expect(capabilities).toContain('cap_net_raw')
  })
})
