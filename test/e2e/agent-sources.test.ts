/** Paths that can not be read: their last state stays in the point, everything else is saved, and the exit status says so. */

import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startAgentVault, type AgentVault } from '../support/agent-vault.ts'
import {
  canBeUnprivileged,
  exitOf,
  registeredMachine,
  type CommandMachine,
  type Ended,
} from '../support/commands.ts'
import { beforeReads, createGate, kindOfKey } from '../support/held-store.ts'

interface Sources {
  readonly vault: AgentVault
  readonly machine: CommandMachine
  /** Two included folders, each with a file in a folder. */
  readonly first: string
  readonly second: string
}

async function twoFolders(started?: AgentVault): Promise<Sources> {
  const vault = started ?? (await startAgentVault())
  const machine = await registeredMachine(vault, 'laptop', { unprivileged: true })
  const [first, second] = [join(vault.scratch, 'first'), join(vault.scratch, 'second')]
  for (const folder of [first, second]) {
    mkdirSync(join(folder, 'inner'), { recursive: true })
    writeFileSync(join(folder, 'inner', 'file'), `old content of ${folder}`)
  }
  await machine.backup('policy', 'include', first, second)
  return { vault, machine, first, second }
}

const change = (folder: string): void =>
  writeFileSync(join(folder, 'inner', 'file'), `new content of ${folder}`)

const summaryOf = (ended: Ended) => ended.event('summary')

/** By path: files are read side by side. */
async function leftOut(machine: CommandMachine) {
  const shown = await machine.backup('points', 'show', 'latest', '--left-out')
  const items = shown.events.filter(({ event }) => event === 'left-out')
  return items.sort((a, b) => (String(a['path']) < String(b['path']) ? -1 : 1))
}

/** Restores the newest point; what it gives for a path of the machine. */
async function restored({ vault, machine }: Sources): Promise<(path: string) => string> {
  const to = join(vault.scratch, 'restored')
  rmSync(to, { recursive: true, force: true })
  expect(await machine.backup('restore', '--point', 'latest', '--to', to)).toMatchObject({
    code: 0,
  })
  return (path) => readFileSync(join(to, path), 'utf8')
}

function closed(path: string): void {
  chmodSync(path, 0o000)
  onTestFinished(() => chmodSync(path, 0o700))
}

const movedAway = (path: string): void => renameSync(path, `${path}-elsewhere`)

function emptied(path: string): void {
  movedAway(path)
  mkdirSync(path)
}

const hidings: readonly (readonly [string, (path: string) => void, string])[] = [
  ['is missing', movedAway, 'missing-path'],
  ['can not be read', closed, 'unreadable'],
  ['is empty, but was not at the last point', emptied, 'empty-path'],
]

describe.runIf(canBeUnprivileged)('an include path', () => {
  it.each(hidings)('that %s stays as it was, and the others are saved', async (_, hide, reason) => {
    const sources = await twoFolders()
    const { machine, first, second } = sources
    expect(await machine.backup('run')).toMatchObject({ code: 0 })
    hide(first)
    change(second)
    const ended = await machine.backup('run')
    expect(exitOf(ended)).toMatchObject({ code: 3, name: 'left-out' })
    expect(summaryOf(ended)).toMatchObject({ outcome: 'left-out', leftOut: 1, files: 2 })
    expect(await leftOut(machine)).toMatchObject([{ path: first, reason, kept: 'earlier' }])
    const listed = await machine.backup('ls', 'latest', join(first, '..'))
    expect(listed.events).toContainEqual(expect.objectContaining({ path: first, stale: true }))
    expect(listed.events).toContainEqual(expect.objectContaining({ path: second, stale: false }))
    const contentOf = await restored(sources)
    expect(contentOf(join(first, 'inner', 'file'))).toBe(`old content of ${first}`)
    expect(contentOf(join(second, 'inner', 'file'))).toBe(`new content of ${second}`)
  })

  it('stays for as long as it is away, and is read again when it is back', async () => {
    const sources = await twoFolders()
    const { machine, first } = sources
    await machine.backup('run')
    movedAway(first)
    expect(await machine.backup('run')).toMatchObject({ code: 3 })
    expect(await machine.backup('run')).toMatchObject({ code: 3 })
    renameSync(`${first}-elsewhere`, first)
    change(first)
    expect(await machine.backup('run')).toMatchObject({ code: 0 })
    expect(await leftOut(machine)).toEqual([])
    const contentOf = await restored(sources)
    expect(contentOf(join(first, 'inner', 'file'))).toBe(`new content of ${first}`)
  })

  it('that was never there is told when it is included and when it is left out', async () => {
    const { vault, machine, second } = await twoFolders()
    const absent = join(vault.scratch, 'absent')
    const included = await machine.backup('policy', 'include', absent)
    expect(included).toMatchObject({ code: 0 })
    expect(included.event('warning')?.['message']).toContain(absent)
    expect(await machine.backup('run')).toMatchObject({ code: 3 })
    expect(await leftOut(machine)).toMatchObject([
      { path: absent, reason: 'missing-path', kept: 'nothing' },
    ])
    expect(await machine.backup('ls', 'latest', second)).toMatchObject({ code: 0 })
  })

  it('is all that counts as a disk: a folder below it may be emptied', async () => {
    const { machine, first } = await twoFolders()
    await machine.backup('run')
    rmSync(join(first, 'inner', 'file'))
    const ended = await machine.backup('run')
    expect(summaryOf(ended)).toMatchObject({ outcome: 'done', files: 1, leftOut: 0 })
  })

  it.each(hidings)('that %s is no point if it is all there is', async (_, hide) => {
    const { machine, first, second } = await twoFolders()
    await machine.backup('policy', 'include', '--remove', second)
    await machine.backup('run')
    hide(first)
    const ended = await machine.backup('run')
    expect(exitOf(ended)).toMatchObject({ code: 1, name: 'failed', error: 'nothing-readable' })
    expect(exitOf(ended)['hint']).toContain('policy show')
    expect(summaryOf(ended)).toBeUndefined()
    const points = (await machine.backup('points')).events
    expect(points.filter(({ event }) => event === 'point')).toHaveLength(1)
  })

  it('that is missing in the first run is no point either', async () => {
    const { machine, first, second } = await twoFolders()
    movedAway(first)
    closed(second)
    expect(await machine.backup('run')).toMatchObject({ code: 1 })
    expect((await machine.backup('points')).event('point')).toBeUndefined()
  })
})

describe.runIf(canBeUnprivileged)('below an include path', () => {
  it('a file and a folder that can not be read keep their last state', async () => {
    const sources = await twoFolders()
    const { machine, first, second } = sources
    await machine.backup('run')
    const [file, folder] = [join(first, 'inner', 'file'), join(second, 'inner')]
    change(first)
    closed(file)
    closed(folder)
    const added = join(second, 'added')
    writeFileSync(added, 'added')
    const ended = await machine.backup('run')
    expect(exitOf(ended)).toMatchObject({ code: 3 })
    expect(await leftOut(machine)).toMatchObject([
      { path: file, reason: 'unreadable', kept: 'earlier' },
      { path: folder, reason: 'unreadable', kept: 'earlier' },
    ])
    const contentOf = await restored(sources)
    expect(contentOf(file)).toBe(`old content of ${first}`)
    expect(contentOf(join(folder, 'file'))).toBe(`old content of ${second}`)
    expect(contentOf(added)).toBe('added')
  })

  it('a file that vanishes while the run is on its way to it is listed, and the rest is saved', async () => {
    const gate = createGate()
    let isHeld = false
    const atRefs = beforeReads(async (key) => {
      if (isHeld && kindOfKey(key) === 'refs') await gate.pass()
    })
    onTestFinished(() => gate.open())
    const sources = await twoFolders(await startAgentVault(atRefs))
    const { machine, first } = sources
    const [going, staying] = [join(first, 'inner', 'going'), join(first, 'inner', 'staying')]
    writeFileSync(going, 'going')
    writeFileSync(staying, 'staying')
    await machine.backup('run')
    // By then the folder is listed, and its first file waits to be read.
    change(first)
    isHeld = true
    const { result } = machine.start('run')
    await gate.reached
    rmSync(going)
    gate.open()
    expect(exitOf(await result)).toMatchObject({ code: 3 })
    expect(await leftOut(machine)).toMatchObject([
      { path: going, reason: 'vanished', kept: 'nothing' },
    ])
    const contentOf = await restored(sources)
    expect(contentOf(join(first, 'inner', 'file'))).toBe(`new content of ${first}`)
    expect(contentOf(staying)).toBe('staying')
    expect(() => contentOf(going)).toThrow('ENOENT')
  })
})
