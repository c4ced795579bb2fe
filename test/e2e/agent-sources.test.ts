/** Paths that can not be read: their last state stays in the point, everything else is saved, and the exit status says so. */

import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
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
import { removeUnneeded } from '../faults/stored.ts'
import { beforeReads, createGate, kindOfKey } from '../support/held-store.ts'
import { mkfifoSync } from '../support/mkfifo.ts'

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

  it('a file that can not be read for three runs stays restorable, from what the point names alone', async () => {
    const sources = await twoFolders()
    const { vault, machine, first, second } = sources
    await machine.backup('run')
    const file = join(first, 'inner', 'file')
    closed(file)
    for (const round of [1, 2, 3]) {
      // Everything beside it changes, so that the point's packs are all new but the one with the file.
      writeFileSync(join(first, 'inner', 'beside'), `round ${round}`)
      writeFileSync(join(second, 'inner', 'file'), `round ${round}`)
      expect(exitOf(await machine.backup('run'))).toMatchObject({ code: 3 })
      expect(await leftOut(machine)).toMatchObject([
        { path: file, reason: 'unreadable', kept: 'earlier' },
      ])
      await removeUnneeded(vault.service.directory)
      const contentOf = await restored(sources)
      expect(contentOf(file)).toBe(`old content of ${first}`)
      expect(contentOf(join(first, 'inner', 'beside'))).toBe(`round ${round}`)
    }
    chmodSync(file, 0o600)
    expect(await machine.backup('run')).toMatchObject({ code: 0 })
  })

  it('what a folder names and does not let anyone look at keeps its last state, unless it is excluded', async () => {
    const sources = await twoFolders()
    const { machine, first, second } = sources
    await machine.backup('run')
    for (const folder of [first, second]) {
      chmodSync(join(folder, 'inner'), 0o400)
      onTestFinished(() => chmodSync(join(folder, 'inner'), 0o700))
    }
    await machine.backup('policy', 'exclude', join(second, 'inner', 'file'))
    expect(exitOf(await machine.backup('run'))).toMatchObject({ code: 3 })
    expect(await leftOut(machine)).toMatchObject([
      { path: join(first, 'inner', 'file'), reason: 'unreadable', kept: 'earlier' },
    ])
    const contentOf = await restored(sources)
    expect(contentOf(join(first, 'inner', 'file'))).toBe(`old content of ${first}`)
    expect(() => contentOf(join(second, 'inner', 'file'))).toThrow('ENOENT')
  })

  it('what vanishes or becomes something else while the run is on its way to it is listed or saved as that', async () => {
    const gate = createGate()
    let isHeld = false
    const atRefs = beforeReads(async (key) => {
      if (isHeld && kindOfKey(key) === 'refs') await gate.pass()
    })
    onTestFinished(() => gate.open())
    const sources = await twoFolders(await startAgentVault(atRefs))
    const { machine, first } = sources
    const at = (name: string) => join(first, 'inner', name)
    const files = ['going', 'staying', 'to a pipe', 'to a link', 'to a folder']
    for (const name of files) writeFileSync(at(name), name)
    symlinkSync('nowhere', at('to a file'))
    await machine.backup('run')
    // By then the folder is listed, and its first file waits to be read.
    change(first)
    isHeld = true
    const { result } = machine.start('run')
    await gate.reached
    for (const name of files.filter((each) => each !== 'staying')) rmSync(at(name))
    mkfifoSync(at('to a pipe'))
    symlinkSync('/etc/passwd', at('to a link'))
    mkdirSync(at('to a folder'))
    writeFileSync(join(at('to a folder'), 'inside'), 'inside')
    rmSync(at('to a file'))
    writeFileSync(at('to a file'), 'a file')
    gate.open()
    expect(exitOf(await result)).toMatchObject({ code: 3 })
    expect(await leftOut(machine)).toMatchObject([
      { path: at('going'), reason: 'vanished', kept: 'nothing' },
    ])
    const contentOf = await restored(sources)
    expect(contentOf(join(first, 'inner', 'file'))).toBe(`new content of ${first}`)
    expect(contentOf(at('staying'))).toBe('staying')
    expect(contentOf(at('to a file'))).toBe('a file')
    expect(contentOf(join(at('to a folder'), 'inside'))).toBe('inside')
    expect(() => contentOf(at('going'))).toThrow('ENOENT')
    const there = (name: string) => join(sources.vault.scratch, 'restored', at(name))
    expect(lstatSync(there('to a pipe')).isFIFO()).toBe(true)
    expect(readlinkSync(there('to a link'))).toBe('/etc/passwd')
  })
})
