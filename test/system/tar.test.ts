/** Archives of real trees, extracted by GNU tar and by bsdtar, are what a restore gives. Needs root, acl, attr and libarchive-tools. */

import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  lchownSync,
  linkSync,
  mkdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compareTrees } from '../../src/agent/restore/compare.ts'
import { systemCalls } from '../../src/agent/system/open.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { backUp, mebibyte, writeRandom } from '../faults/folder.ts'
import { registeredMachine, startCommandVault, type CommandMachine } from '../support/commands.ts'
import { runTool } from '../support/tool.ts'

const system = systemCalls()

/** A tree with everything that an archive can hold. */
function makeTree(folder: string): void {
  const at = (...names: string[]) => join(folder, ...names)
  const long = at('long', ...Array.from({ length: 6 }, () => 'd'.repeat(200)))
  mkdirSync(long, { recursive: true })
  writeFileSync(join(long, 'f'.repeat(255)), 'long')
  linkSync(join(long, 'f'.repeat(255)), at('long', 'short'))
  symlinkSync(`/${'nowhere/'.repeat(100)}`, at('far link'))
  for (let count = 0; count < 500; count++) writeFileSync(at('long', `n${count}`), `${count}`)
  writeRandom(at('large'), 30 * mebibyte)
  writeFileSync(at('empty'), '')
  writeFileSync(at('grün 🌱'), 'text')
  writeFileSync(at('--help'), 'not an option')
  writeFileSync(
    Buffer.concat([utf8(`${folder}/`), Buffer.from('no utf-8 \xff\xfe', 'latin1')]),
    'x',
  )
  symlinkSync('gr\u00fcn', at('link'))
  lchownSync(at('link'), 77, 78)
  addModesAndOwners(at)
  addAttributes(at)
  for (const [name, ns] of times) system.setTimes(utf8(at(name)), 0n, ns)
}

const times = [
  ['link', 1_111_111_111_222_222_222n],
  ['large', 999_999_999_000_000_001n],
  ['grün 🌱', 4_000_000_000_123_000_000n],
  ['empty', -2_000_000_000n],
  ['private', 1_234_567_890_987_654_321n],
] as const

function addModesAndOwners(at: (...names: string[]) => string): void {
  mkdirSync(at('private/sub'), { recursive: true })
  writeFileSync(at('private/none'), 'nobody')
  chmodSync(at('private/none'), 0)
  writeFileSync(at('private/bits'), '#!/bin/sh\n')
  chownSync(at('private/bits'), 1234, 3_000_000_000)
  chmodSync(at('private/bits'), 0o6751)
  chmodSync(at('private/sub'), 0o3770)
  chmodSync(at('private'), 0o500)
  system.makeNode(utf8(at('pipe')), 0o640, { kind: 'fifo' })
  system.makeNode(utf8(at('null')), 0o666, { kind: 'char', device: { major: 1, minor: 3 } })
  const device = { major: 240, minor: 262_143 }
  system.makeNode(utf8(at('disk')), 0o660, { kind: 'block', device })
}

function addAttributes(at: (...names: string[]) => string): void {
  mkdirSync(at('attributes'))
  writeFileSync(at('attributes/file'), 'content\n')
  linkSync(at('attributes/file'), at('attributes/second name'))
  const file = utf8(at('attributes/file'))
  system.setXattr(file, utf8('user.colour'), utf8('blue'))
  system.setXattr(file, utf8('user.100%'), utf8('line\nline=\n'))
  system.setXattr(file, utf8('trusted.bytes'), Uint8Array.of(0, 1, 0x3d, 255))
  system.setXattr(utf8(at('attributes')), utf8('user.directory'), utf8('d'))
  system.setXattr(utf8(at('link')), utf8('trusted.link'), utf8('l'))
  writeFileSync(at('attributes/capable'), '#!/bin/sh\n')
  chownSync(at('attributes/capable'), 1234, 1234)
  const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex')
  system.setXattr(utf8(at('attributes/capable')), utf8('security.capability'), capability)
  execFileSync('setfacl', ['-m', 'u:4242:rw,g:2424:r', at('attributes/file')])
  execFileSync('setfacl', ['-d', '-m', 'u:4242:rwx,g::---', at('attributes')])
}

const extractors = [
  ['GNU tar', 'tar', ['--xattrs', '--xattrs-include=*', '--acls', '--same-owner', '-p']],
  ['bsdtar', 'bsdtar', ['--xattrs', '--acls', '--same-owner', '-p']],
] as const

async function machineWith(fill: (folder: string) => void) {
  const vault = await startCommandVault()
  const machine = await registeredMachine(vault)
  const folder = join(vault.scratch, 'data')
  mkdirSync(folder)
  fill(folder)
  await machine.backup('policy', 'include', folder)
  await backUp(machine)
  return { machine, folder, scratch: vault.scratch }
}

const archived = (machine: CommandMachine, file: string, ...words: string[]) =>
  machine.backup('restore', '--point', 'latest', '--as-tar', file, ...words)

describe.runIf(process.getuid?.() === 0)('an archive of a point', () => {
  it.each(extractors)('is extracted by %s to what was backed up', async (_, program, words) => {
    const { machine, folder, scratch } = await machineWith(makeTree)
    const file = join(scratch, 'point.tar')
    const ended = await archived(machine, file)
    expect(ended, ended.stdout).toMatchObject({ code: 0 })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const to = join(scratch, 'extracted')
    mkdirSync(to)
    const extracted = await runTool(program, ['-x', ...words, '-f', file, '-C', to])
    expect(extracted, extracted.stderr).toMatchObject({ code: 0 })
    expect(await compareTrees(folder, join(to, folder), { system, owners: true })).toEqual([])
  })
})
