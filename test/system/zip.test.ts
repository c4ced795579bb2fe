/** A zip archive of a real tree is extracted by Info-ZIP to the same files, as far as zip can hold them. Needs unzip and attr. */

import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { systemCalls } from '../../src/agent/system/open.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { backUp, mebibyte, writeRandom } from '../faults/folder.ts'
import { registeredMachine, startCommandVault } from '../support/commands.ts'
import { runTool } from '../support/tool.ts'

const time = Date.UTC(2001, 1, 3, 4, 5, 6) / 1000

function makeTree(folder: string): void {
  const at = (...names: string[]) => join(folder, ...names)
  mkdirSync(at('empty'))
  mkdirSync(at('sub'))
  writeFileSync(at('--help'), 'no option')
  writeFileSync(at('grün 🌱 "quoted" $(name)'), 'text')
  writeFileSync(at('back\\slash'), 'no directory')
  writeFileSync(Buffer.concat([utf8(`${folder}/`), Buffer.from('no utf-8 \xff', 'latin1')]), 'x')
  writeRandom(at('sub', 'large'), 20 * mebibyte)
  writeFileSync(at('sub', 'zeros'), '')
  truncateSync(at('sub', 'zeros'), 40 * mebibyte)
  linkSync(at('sub', 'large'), at('sub', 'large too'))
  symlinkSync('sub/../grün', at('link'))
  chmodSync(at('sub', 'large'), 0o751)
  execFileSync('setfattr', ['-n', 'user.colour', '-v', 'blue', at('--help')])
  systemCalls().makeNode(utf8(at('pipe')), 0o640, { kind: 'fifo' })
  utimesSync(at('sub', 'large'), time, time)
}

describe('a zip archive of a point', () => {
  it('is extracted by Info-ZIP to what zip can hold, and the rest is told', async () => {
    const vault = await startCommandVault()
    const machine = await registeredMachine(vault)
    const folder = join(vault.scratch, 'data')
    mkdirSync(folder)
    makeTree(folder)
    await machine.backup('policy', 'include', folder)
    await backUp(machine)
    const file = join(vault.scratch, 'point.zip')
    const words = ['restore', '--point', 'latest', '--as-zip', file, '--strip', folder]
    const ended = await machine.backup(...words)
    expect(ended, ended.stdout).toMatchObject({ code: 3 })
    expect(lstatSync(file).mode & 0o777).toBe(0o600)
    const told = ended.events.filter(({ event }) => ['failure', 'renamed'].includes(event))
    expect(told.map(({ path, part, name }) => [path, part ?? name])).toEqual([
      [join(folder, '--help'), 'attribute user.colour'],
      [join(folder, 'back\\slash'), 'back%5Cslash'],
      [join(folder, 'no utf-8 \\xff'), 'no utf-8 %FF'],
      [join(folder, 'pipe'), 'content'],
    ])
    const kept = ended.events.filter(({ event }) => event === 'not-kept')
    const link = kept.find(({ path }) => path === join(folder, 'sub/large too'))
    expect(link).toMatchObject({ kinds: ['owner', 'hard-link'] })

    const to = join(vault.scratch, 'extracted')
    const extracted = await runTool('unzip', ['-q', file, '-d', to])
    expect(extracted, extracted.stdout + extracted.stderr).toMatchObject({ code: 0 })
    const names = readdirSync(to, { recursive: true, encoding: 'utf8' }).sort()
    expect(names).toEqual(
      [
        ...['--help', 'back%5Cslash', 'empty', 'grün 🌱 "quoted" $(name)', 'link', 'no utf-8 %FF'],
        ...['sub', 'sub/large', 'sub/large too', 'sub/zeros'],
      ].sort(),
    )
    for (const name of ['--help', 'grün 🌱 "quoted" $(name)', 'sub/large', 'sub/zeros']) {
      expect(readFileSync(join(to, name)).equals(readFileSync(join(folder, name))), name).toBe(true)
    }
    expect(readlinkSync(join(to, 'link'))).toBe('sub/../grün')
    const { mode, mtimeMs } = lstatSync(join(to, 'sub/large'))
    expect({ mode: mode & 0o777, mtimeMs }).toEqual({ mode: 0o751, mtimeMs: time * 1000 })
  })
})
