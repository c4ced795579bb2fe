/** Whole file systems, mount points and all, restored onto empty ones of their kind and held to rsync. Needs root and loop devices. */

import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { systemCalls } from '../../src/agent/system/open.ts'
import { backUp } from '../faults/folder.ts'
import { registeredMachine, startCommandVault } from '../support/commands.ts'
import { pseudoRandomBytes } from '../support/pseudo-random.ts'

const mebibyte = 1024 * 1024
const sparseBytes = 2 * 1024 * mebibyte

const call = (program: string, ...words: string[]): string =>
  execFileSync(program, words, { encoding: 'utf8', maxBuffer: 64 * mebibyte })

const makers: Readonly<Record<string, readonly string[]>> = {
  ext4: ['mkfs.ext4', '-q', '-I', '512'],
  xfs: ['mkfs.xfs', '-q'],
  btrfs: ['mkfs.btrfs', '-q'],
}

/** An empty file system of the kind, mounted until the test ends. */
function mounted(kind: string, directory: string): string {
  mkdirSync(directory)
  const [program, ...words] = makers[kind] ?? []
  if (program === undefined) call('mount', '-t', kind, kind, directory)
  else {
    const image = `${directory}.image`
    writeFileSync(image, '')
    call('truncate', '--size', '400M', image)
    call(program, ...words, image)
    call('mount', '-o', 'loop', image, directory)
  }
  onTestFinished(() => void call('umount', directory))
  return directory
}

/** Every kind of file and attribute. */
function fill(root: string): void {
  const at = (name: string) => join(root, name)
  const bytes = (name: string) => utf8(at(name))
  const system = systemCalls()
  for (let file = 0; file < 50; file++) {
    mkdirSync(at(`many/${file % 7}`), { recursive: true })
    writeFileSync(at(`many/${file % 7}/${file}`), pseudoRandomBytes(`${file}`, file * 3000))
  }
  writeFileSync(at('empty'), '')
  writeFileSync(at('file'), 'content\n')
  linkSync(at('file'), at('many/second name'))
  writeFileSync(Buffer.concat([utf8(root), Buffer.from('/not \xff utf-8\n', 'latin1')]), 'x')
  writeFileSync(at('with bits'), '#!/bin/sh\n')
  chmodSync(at('with bits'), 0o6751)
  mkdirSync(at('sticky'))
  chmodSync(at('sticky'), 0o1777)
  symlinkSync('nowhere', at('dangling'))
  lutimesSync(at('dangling'), 1_000_000_000, 1_234_567_890.5)
  system.makeNode(bytes('pipe'), 0o640, { kind: 'fifo' })
  system.makeNode(bytes('socket'), 0o600, { kind: 'socket' })
  system.makeNode(bytes('null'), 0o666, { kind: 'char', device: { major: 1, minor: 3 } })
  system.makeNode(bytes('disk'), 0o660, { kind: 'block', device: { major: 259, minor: 70_000 } })
  system.setXattr(bytes('file'), utf8('trusted.binary'), new Uint8Array([0, 1, 255]))
  system.setXattr(bytes('file'), utf8('trusted.empty'), new Uint8Array(0))
  call('setcap', 'cap_net_raw+ep', at('empty'))
  call('setfacl', '-m', 'u:4242:rw,g:2424:r', at('file'))
  call('setfacl', '-d', '-m', 'u:4242:rwx', at('many'))
  const sparse = openSync(at('sparse'), 'w')
  ftruncateSync(sparse, sparseBytes)
  writeSync(sparse, pseudoRandomBytes('sparse', mebibyte), 0, mebibyte, 1024 * mebibyte)
  closeSync(sparse)
  chmodSync(root, 0o751)
  system.setTimes(utf8(root), 0n, 1_600_000_000_123_456_789n)
}

describe.runIf(process.getuid?.() === 0)('a whole file system of', () => {
  it.each(['ext4', 'xfs', 'btrfs', 'tmpfs'])('%s comes back onto an empty one', async (kind) => {
    const vault = await startCommandVault()
    const machine = await registeredMachine(vault)
    const folder = mounted(kind, join(vault.scratch, 'source'))
    const target = mounted(kind, join(vault.scratch, 'target'))
    fill(folder)
    await machine.backup('policy', 'include', folder)
    const { summary } = await backUp(machine)
    expect(summary.bytesRead).toBeLessThan(20 * mebibyte)
    // A new ext4 is not quite empty: it has a lost+found.
    const how = ['--strip', '--privileged', '--on-conflict', 'overwrite']
    const words = ['--point', 'latest', folder, ...how, '--to', target]
    const restored = await machine.backup('restore', ...words)
    expect(restored, restored.stdout + restored.stderr).toMatchObject({ code: 0 })
    const compare = ['-aHAX', '--checksum', '--delete', '--dry-run', '--itemize-changes']
    const exceptions = kind === 'ext4' ? ['--exclude=/lost+found'] : []
    expect(call('rsync', ...compare, ...exceptions, `${folder}/`, `${target}/`)).toBe('')
    expect(statSync(join(target, 'sparse')).blocks * 512).toBeLessThan(20 * mebibyte)
    const capabilities = call('getcap', join(target, 'empty'))
    expect(capabilities).toContain('cap_net_raw')
  })
})
