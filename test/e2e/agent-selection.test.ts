/** What rules leave out of a point: it is no failure, `policy test` says which rule it was, and a changed rule holds at once. */

import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startAgentVault } from '../support/agent-vault.ts'
import { registeredMachine, type CommandMachine } from '../support/commands.ts'

const tag = 'Signature: 8a477f597d28d172789f06886e26ec55\n'

function fill(folder: string): void {
  const files: Readonly<Record<string, string>> = {
    'plain.txt': 'plain',
    'Letter.TMP': 'a temporary file',
    'big.iso': 'x'.repeat(5000),
    'old.txt': 'old',
    'new.txt': 'new',
    'cache/CACHEDIR.TAG': tag,
    'cache/deep/entry': 'cached',
    'no-cache/CACHEDIR.TAG': 'something else',
    'no-cache/entry': 'no cache',
    'project/.backupignore': 'build/\n*.log\n!keep.log\n',
    'project/build/out': 'built',
    'project/a.log': 'log',
    'project/keep.log': 'kept',
    'project/inner/.backupignore': '!b.log\n',
    'project/inner/b.log': 'kept too',
  }
  const tenDaysAgo = Date.now() / 1000 - 10 * 86_400
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), content)
    if (name !== 'new.txt') utimesSync(join(folder, name), tenDaysAgo, tenDaysAgo)
  }
  utimesSync(join(folder, 'old.txt'), 1e9, 1e9)
}

/** Names of files of the newest point below the folder. */
async function savedFiles(machine: CommandMachine, folder: string): Promise<string[]> {
  const { events } = await machine.backup('find', '*', '--point', 'latest')
  return events
    .filter((event) => event['type'] === 'file')
    .map((event) => String(event['path']).slice(folder.length + 1))
    .sort()
}

describe('a selection', () => {
  it('leaves out what its rules say, without calling that a failure, and gives it back when it is cleared', async () => {
    const vault = await startAgentVault()
    const machine = await registeredMachine(vault, 'laptop')
    const folder = join(vault.scratch, 'data')
    fill(folder)
    const list = join(vault.scratch, 'list')
    writeFileSync(list, `${folder}\0/proc/self/nothing-like-it\0`)
    await machine.backup('policy', 'include', '--from', list)
    await machine.backup('policy', 'include', '--remove', '/proc/self/nothing-like-it')
    await machine.backup('policy', 'exclude', '*.tmp')
    expect(await machine.backup('run')).toMatchObject({ code: 0 })
    const all = await savedFiles(machine, folder)
    expect(all).toHaveLength(15)

    const set = await machine.backup(
      ...['policy', 'selection', 'set', '--ignore-case', '--ignore-files', '--skip-caches'],
      ...['--max-file-size', '4KiB', '--max-age', '3650d', '--min-age', '1d'],
    )
    const none = ['policy', 'selection', 'set', '--max-age', '2d', '--min-age', '2d']
    expect(await machine.backup(...none)).toMatchObject({ code: 2 })
    expect(set.event('selection')?.['selection']).toMatchObject({ largestFileBytes: 4096 })
    expect(await machine.backup('run')).toMatchObject({ code: 0 })
    expect(await savedFiles(machine, folder)).toEqual([
      'cache/CACHEDIR.TAG',
      'no-cache/CACHEDIR.TAG',
      'no-cache/entry',
      'plain.txt',
      'project/.backupignore',
      'project/inner/.backupignore',
      'project/inner/b.log',
      'project/keep.log',
    ])

    const asked = {
      'plain.txt': [true, null],
      'Letter.TMP': [false, { kind: 'pattern', pattern: '*.tmp' }],
      'big.iso': [false, { kind: 'size' }],
      'old.txt': [false, { kind: 'age' }],
      'new.txt': [false, { kind: 'young' }],
      'cache/deep/entry': [false, { kind: 'cache' }],
      'cache/CACHEDIR.TAG': [true, null],
      'project/build/out': [false, { kind: 'ignore-file', pattern: 'build/' }],
      'project/inner/b.log': [true, null],
    }
    const paths = Object.keys(asked).map((name) => join(folder, name))
    const told = await machine.backup('policy', 'test', ...paths, '/elsewhere')
    const answers = told.events.filter(({ event }) => event === 'path')
    expect(answers).toMatchObject([
      ...Object.values(asked).map(([saved, rule]) => ({ saved, rule })),
      { saved: false, verdict: 'not-included' },
    ])

    // Its own cache is made anew, and would change while it is read.
    await machine.backup('policy', 'include', machine.state)
    expect(await machine.backup('run')).toMatchObject({ code: 0 })
    const cache = join(machine.state, 'cache')
    const about = await machine.backup('policy', 'test', join(cache, 'sources'))
    expect(about.event('path')).toMatchObject({ rule: { kind: 'own-cache' }, at: cache })
    const found = await machine.backup('find', 'cache', '--point', 'latest')
    expect(found.events.map(({ path }) => path)).toContain(cache)
    const sources = await machine.backup('find', 'sources', '--point', 'latest')
    expect(sources.events.map(({ path }) => path)).not.toContain(join(cache, 'sources'))
    await machine.backup('policy', 'include', '--remove', machine.state)

    // The file says the same: taken over as it is, it changes nothing.
    const yaml = (await machine.backup('policy', 'show', '--yaml')).stdout
    expect(yaml).toContain('max-age')
    expect(yaml).toContain('min-age')
    await machine.backup('policy', 'selection', 'clear')
    expect(await machine.backup('run')).toMatchObject({ code: 0 })
    expect(await savedFiles(machine, folder)).toEqual(all)
  })
})
