/** Real trees, restored and held to the original by rsync, which knows nothing of this program. Needs root and rsync. */

import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { systemCalls } from '../../src/agent/system/open.ts'
import { backUp, expectSound } from '../faults/folder.ts'
import { registeredMachine, startCommandVault } from '../support/commands.ts'

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

/** What such trees seldom have. */
function addRarities(folder: string): void {
  const at = (name: string) => join(folder, name)
  const system = systemCalls()
  const [file, directory] = [utf8(at('rarities/file')), utf8(at('rarities'))]
  mkdirSync(at('rarities'))
  writeFileSync(at('rarities/file'), 'content\n')
  linkSync(at('rarities/file'), at('rarities/second name'))
  writeFileSync(Buffer.concat([directory, Buffer.from('/not \xff utf-8', 'latin1')]), 'x')
  writeFileSync(at('rarities/with bits'), '#!/bin/sh\n')
  chmodSync(at('rarities/with bits'), 0o6751)
  symlinkSync('nowhere', at('rarities/dangling'))
  lutimesSync(at('rarities/dangling'), 1_000_000_000, 1_234_567_890.5)
  system.makeNode(utf8(at('rarities/pipe')), 0o640, { kind: 'fifo' })
  system.makeNode(utf8(at('rarities/socket')), 0o600, { kind: 'socket' })
  const device = { major: 1, minor: 3 }
  system.makeNode(utf8(at('rarities/null')), 0o666, { kind: 'char', device })
  system.setXattr(file, utf8('user.colour'), utf8('blue'))
  system.setXattr(file, utf8('trusted.note'), new Uint8Array([0, 1, 255]))
  execFileSync('setfacl', ['-m', 'u:4242:rw,g:2424:r', at('rarities/file')])
  execFileSync('setfacl', ['-d', '-m', 'u:4242:rwx', at('rarities')])
  system.setTimes(directory, 0n, 1_600_000_000_123_456_789n)
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
    addRarities(folder)
    await machine.backup('policy', 'include', folder)
    await backUp(machine)
    const words = ['--point', 'latest', '--privileged', '--to', to]
    const restored = await machine.backup('restore', ...words)
    expect(restored, restored.stdout).toMatchObject({ code: 0 })
    const compare = ['-aHAX', '--checksum', '--delete', '--dry-run', '--itemize-changes']
    expect(outputOf('rsync', ...compare, `${folder}/`, `${join(to, folder)}/`)).toBe('')
    await expectSound(machine)
  })
})
