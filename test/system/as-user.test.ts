/** A tree with every kind of file, restored by a user without privileges: other programs find what the restore named, and no more. Needs root, rsync and libarchive-tools. */

import { execFileSync } from 'node:child_process'
import { chmodSync, lstatSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { fromDisplay } from '../../src/model/path-text.ts'
import { backUp } from '../faults/folder.ts'
import {
  bareMachine,
  registeredMachine,
  startCommandVault,
  type Ended,
} from '../support/commands.ts'
import { makeEveryKind } from '../support/every-kind.ts'
import { mounted } from '../support/mounted.ts'
import { differencesInMtrees, differencesToRsync, type Told } from '../support/told-by-others.ts'

const nobody = 65_534

/** What the restore itself says: the lines of `--json`. */
const toldByRestore = ({ events }: Ended, folder: string): Told[] =>
  events
    .filter(({ event }) => event === 'failure')
    .map(({ path, pathBase64, part }) => {
      const bytes = pathBase64 === undefined ? fromDisplay(String(path)) : fromBase64(pathBase64)
      const below = latin1(bytes).slice(utf8(folder).length + 1)
      return { path: below === '' ? '.' : below, aspect: aspectOf(String(part)) }
    })

const fromBase64 = (text: unknown) => Buffer.from(String(text), 'base64')
const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')

function aspectOf(part: string): Told['aspect'] {
  if (part.startsWith('attribute system.posix_acl')) return 'acl'
  return part.startsWith('attribute') ? 'attributes' : (part as Told['aspect'])
}

/** Each once, in order; the names of one file count as one. */
function inOrder(told: readonly Told[], folder: string): string[] {
  const first = new Map<bigint, string>()
  for (const path of told.map((each) => each.path).sort()) {
    const inode = inodeOf(folder, path)
    if (!first.has(inode)) first.set(inode, path)
  }
  const lines = told.map(({ path, aspect }) => `${first.get(inodeOf(folder, path))} ${aspect}`)
  return [...new Set(lines)].sort()
}

const inodeOf = (folder: string, path: string): bigint =>
  lstatSync(Buffer.concat([utf8(`${folder}/`), Buffer.from(path, 'latin1')]), { bigint: true }).ino

describe.runIf(process.getuid?.() === 0)('a user without privileges', () => {
  it('gets back all but what the restore names: nothing else differs, and all of that does', async () => {
    const vault = await startCommandVault()
    const root = await registeredMachine(vault)
    const folder = mounted('xfs', join(vault.scratch, 'source'))
    const target = mounted('xfs', join(vault.scratch, 'target'))
    makeEveryKind(folder)
    await root.backup('policy', 'include', folder)
    await backUp(root)
    chmodSync(vault.scratch, 0o711)
    execFileSync('chown', ['-R', `${nobody}:${nobody}`, target, join(root.state, '..')])
    const user = bareMachine(vault.scratch, 'laptop', { asNobody: true })
    const words = ['--point', 'latest', folder, '--strip', '--privileged', '--to', target]
    const restored = await user.backup('restore', ...words)
    expect(restored, restored.stdout + restored.stderr).toMatchObject({ code: 3 })

    const told = inOrder(toldByRestore(restored, folder), folder)
    expect(inOrder(differencesToRsync(folder, target), folder)).toEqual(told)
    const shownByMtree = told.filter((each) => !/ (acl|attributes)$/.test(each))
    expect(inOrder(differencesInMtrees(folder, target), folder)).toEqual(shownByMtree)
    const shared = ['content', 'owner', 'mode', 'attributes']
    for (const aspect of shared)
      expect(told.filter((each) => each.endsWith(` ${aspect}`))).not.toEqual([])
  })
})
