/** What is backed up and how it comes back: policy, dry runs, restores of parts; for people and for programs. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startAgentVault, type AgentVault } from '../support/agent-vault.ts'
import {
  exitOf,
  registeredMachine,
  run,
  type CommandMachine,
  type Surroundings,
} from '../support/commands.ts'
import { filesBelow, stateBelow, treeBelow } from '../support/file-snapshot.ts'

const text = expect.stringMatching(/\w/) as string

interface Started {
  readonly vault: AgentVault
  readonly machine: CommandMachine
  /** Included: `a`, `b.tmp`, `inner/c`. */
  readonly folder: string
}

async function machineWithFolder(surroundings: Surroundings = {}): Promise<Started> {
  const vault = await startAgentVault()
  const machine = await registeredMachine(vault, 'laptop', surroundings)
  const folder = join(vault.scratch, 'folder')
  mkdirSync(join(folder, 'inner'), { recursive: true })
  for (const name of ['a', 'b.tmp', 'inner/c']) writeFileSync(join(folder, name), name)
  await machine.backup('policy', 'include', folder)
  return { vault, machine, folder }
}

describe('backup policy', () => {
  it('says each path and pattern once, in the order in which they were given', async () => {
    const cwd = (await startAgentVault()).scratch
    const { vault, machine, folder } = await machineWithFolder({ cwd })
    const other = join(vault.scratch, 'other')
    await machine.backup('policy', 'include', 'relative', other, `${folder}/`, folder)
    await machine.backup('policy', 'exclude', '*.tmp', 'node_modules/', '*.tmp')
    const shown = await machine.backup('policy', 'show')
    expect(shown.event('policy')).toMatchObject({
      event: 'policy',
      source: 'files',
      include: [join(cwd, 'relative'), other, folder],
      exclude: ['node_modules/', '*.tmp'],
    })
    await machine.backup('policy', 'include', '--remove', other, 'relative')
    await machine.backup('policy', 'exclude', '--remove', 'node_modules/')
    const left = (await machine.backup('policy', 'show', '--source', 'files')).event('policy')
    expect(left).toMatchObject({ include: [folder], exclude: ['*.tmp'] })
  })

  it('refuses sources that it does not know and patterns that match nothing', async () => {
    const { machine } = await machineWithFolder()
    const unknown = exitOf(await machine.backup('policy', 'show', '--source', 'music'))
    expect(unknown).toMatchObject({ code: 2, error: 'unknown-source', hint: text })
    const empty = exitOf(await machine.backup('policy', 'exclude', ' '))
    expect(empty).toMatchObject({ code: 2, error: 'usage', hint: text })
    await machine.backup('policy', 'exclude', '*.tmp', '--source', 'music')
    const without = exitOf(await machine.backup('run', '--source', 'music'))
    expect(without).toMatchObject({ code: 2, error: 'usage', hint: text })
  })

  it('decides what is in the next point', async () => {
    const { machine, folder } = await machineWithFolder()
    await machine.backup('policy', 'exclude', '*.tmp', `${folder}/inner/`)
    expect((await machine.backup('run')).event('summary')).toMatchObject({ files: 1, leftOut: 0 })
    const listed = await machine.backup('ls', 'latest', folder)
    const entries = listed.events.filter(({ event }) => event === 'entry')
    expect(entries.map(({ path }) => path)).toEqual([join(folder, 'a')])
    await machine.backup('policy', 'exclude', '--remove', '*.tmp')
    expect((await machine.backup('run')).event('summary')).toMatchObject({ files: 2 })
  })
})

const withoutLocks = (files: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(files).filter(([name]) => name !== 'locks' && !name.endsWith('.lock')),
  )

describe('backup run --dry-run', () => {
  it('says what would be sent, and sends and keeps nothing', async () => {
    const { vault, machine } = await machineWithFolder()
    const objects = join(vault.service.directory, 'objects')
    const [atVault, state] = [filesBelow(objects), stateBelow(machine.state)]
    const ended = await machine.backup('run', '--dry-run')
    const summary = { outcome: 'done', dryRun: true, pointId: null, files: 3, bytesStored: 0 }
    expect(ended.event('summary')).toMatchObject(summary)
    expect(filesBelow(objects)).toEqual(atVault)
    expect(withoutLocks(stateBelow(machine.state))).toEqual(withoutLocks(state))
    expect((await machine.backup('points')).event('point')).toBeUndefined()
  })
})

describe('backup restore', () => {
  it('puts whole paths beneath the directory: those that are named, or everything', async () => {
    const { vault, machine, folder } = await machineWithFolder()
    await machine.backup('run')
    const restore = async (to: string, ...words: string[]) => {
      const path = join(vault.scratch, to)
      const ended = await machine.backup('restore', '--point', 'latest', '--to', path, ...words)
      expect(ended, ended.stdout).toMatchObject({ code: 0 })
      return path
    }
    expect(treeBelow(join(await restore('all'), folder))).toEqual(treeBelow(folder))
    const parts = await restore('parts', join(folder, 'inner'), join(folder, 'a'))
    expect(Object.keys(filesBelow(join(parts, folder)))).toEqual(['a', 'inner', 'inner/c'])
    const stripped = await restore('stripped', '--strip', join(folder, 'inner'))
    expect(Object.keys(filesBelow(stripped))).toEqual(['c'])
    expect(treeBelow(await restore('all-stripped', '--strip'))).toEqual(treeBelow(folder))
  })

  it('makes nothing in a dry run', async () => {
    const { vault, machine, folder } = await machineWithFolder()
    await machine.backup('run')
    const to = join(vault.scratch, 'to')
    const words = ['restore', '--point', 'latest', '--to', to, '--strip', '--dry-run']
    const { events } = await machine.backup(...words)
    const items = events.filter(({ event }) => event === 'item')
    expect(items).toContainEqual({
      ...{ event: 'item', action: 'create', path: '/inner/c', type: 'file' },
      sizeBytes: readFileSync(join(folder, 'inner', 'c')).length,
    })
    expect(existsSync(to)).toBe(false)
  })

  it('overwrites nothing unless it is told to, and says what it did instead', async () => {
    const { vault, machine } = await machineWithFolder()
    await machine.backup('run')
    const to = join(vault.scratch, 'to')
    mkdirSync(to)
    writeFileSync(join(to, 'a'), 'mine')
    const words = ['restore', '--point', 'latest', '--to', to, '--strip']
    const planned = await machine.backup(...words, '--dry-run')
    const items = planned.events.filter(({ event }) => event === 'item')
    expect(items.map(({ action }) => action)).toContain('copy')
    const ended = exitOf(await machine.backup(...words))
    expect(ended).toMatchObject({ code: 0 })
    expect(readFileSync(join(to, 'a'), 'utf8')).toBe('mine')
    const copies = Object.keys(filesBelow(to)).filter((name) => name.endsWith(' Copy of a'))
    expect(copies.length).toBe(1)
    await machine.backup(...words, '--on-conflict', 'overwrite')
    expect(readFileSync(join(to, 'a'), 'utf8')).not.toBe('mine')
    const both = [...words, '--in-place']
    expect(exitOf(await machine.backup(...both))).toMatchObject({ code: 2 })
  })

  it('refuses a path that the point does not hold', async () => {
    const { vault, machine, folder } = await machineWithFolder()
    await machine.backup('run')
    const to = join(vault.scratch, 'to')
    const words = ['restore', '--point', 'latest', '--to', to, join(folder, 'absent')]
    const ended = exitOf(await machine.backup(...words))
    expect(ended).toMatchObject({ code: 1, error: 'not-found', message: text })
    expect(existsSync(to)).toBe(false)
  })
})

describe('without --json', () => {
  it('results are on standard output, the rest on standard error, and --quiet is quiet', async () => {
    const { vault, machine, folder } = await machineWithFolder()
    const env = { BACKUP_STATE_DIR: machine.state }
    const backup = (...words: string[]) => run('backup', words, { env })
    const made = await backup('run')
    expect(made).toMatchObject({ code: 0 })
    expect(made.stdout).toMatch(/^Recovery point [0-9a-f]{12}: 3 files, .*\n$/)
    expect(made.stderr).toContain('Backing up source files')
    const listed = await backup('points')
    expect(listed.stdout).toMatch(/^POINT +SOURCE +TIME .*\n[0-9a-f]{12} +files .* complete\n$/)
    expect((await backup('ls', 'latest', folder)).stdout).toMatch(
      /^-rw.* a\n-rw.* b\.tmp\nd.* inner\n$/,
    )
    const to = join(vault.scratch, 'to')
    const restored = await backup('restore', '--point', 'latest', '--to', to, '--quiet')
    expect(restored).toMatchObject({ code: 0, stderr: '' })
    expect(restored.stdout).toContain('Restored 3 files')
  })
})
