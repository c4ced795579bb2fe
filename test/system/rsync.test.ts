/** Real trees, restored and held to the original by rsync, which knows nothing of this program. Needs root and rsync. */

import { execFileSync } from 'node:child_process'
import { mkdirSync, realpathSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { backUp, expectSound } from '../faults/folder.ts'
import { registeredMachine, startCommandVault } from '../support/commands.ts'
import { makeEveryKind } from '../support/every-kind.ts'
import { itemizedChanges } from '../support/told-by-others.ts'

const mostMebibytes = 300
const mostFiles = 5_000

const outputOf = (program: string, ...words: string[]): string =>
  execFileSync(program, words, { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 })

/** All of it, or of a large one so many files from all over it, in their directories. */
function copyTree(from: string, to: string): void {
  const mebibytes = Number.parseInt(outputOf('du', '--summarize', '--block-size=1M', from), 10)
  const files = outputOf('find', from, '-not', '-type', 'd', '-printf', '%P\\0').split('\0').sort()
  const every = mebibytes > mostMebibytes ? Math.ceil(files.length / mostFiles) : 1
  const chosen = files.filter((file, at) => file !== '' && at % every === 0)
  mkdirSync(to)
  const rsync = ['--archive', '--hard-links', '--acls', '--xattrs', '--files-from=-', '--from0']
  execFileSync('rsync', [...rsync, `${from}/`, `${to}/`], { input: chosen.join('\0') })
}

const trees = [
  ['/usr/share', '/usr/share'],
  ['node_modules', realpathSync(resolve(import.meta.dirname, '../../node_modules'))],
] as const

describe.runIf(process.getuid?.() === 0)('a copy of', () => {
  it.each(trees)('%s is restored as rsync would have made it', async (_, original) => {
    const vault = await startCommandVault()
    const machine = await registeredMachine(vault)
    const [folder, to] = [join(vault.scratch, 'data'), join(vault.scratch, 'restored')]
    copyTree(original, folder)
    // What such trees seldom have.
    mkdirSync(join(folder, 'rarities'))
    makeEveryKind(join(folder, 'rarities'), { largestAttribute: 2_500 })
    await machine.backup('policy', 'include', folder)
    await backUp(machine)
    const words = ['--point', 'latest', '--privileged', '--to', to]
    const restored = await machine.backup('restore', ...words)
    expect(restored, restored.stdout).toMatchObject({ code: 0 })
    expect(itemizedChanges(folder, join(to, folder))).toBe('')
    await expectSound(machine)
  })
})
