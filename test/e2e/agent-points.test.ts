/** Naming recovery points: by source, by time, by the beginning of an id; and looking into them. */

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hourMs } from '../../src/base/clock.ts'
import { startAgentVault, type AgentVault } from '../support/agent-vault.ts'
import { exitOf, registeredMachine, type CommandMachine, type Ended } from '../support/commands.ts'

const pointsOf = ({ events }: Ended) => events.filter(({ event }) => event === 'point')
const text = expect.stringMatching(/\w/) as string

interface Sources {
  readonly vault: AgentVault
  readonly machine: CommandMachine
  readonly files: string
  readonly mail: string
}

/** The sources `files` and `mail`, a folder each. */
async function twoSources(): Promise<Sources> {
  const vault = await startAgentVault()
  const machine = await registeredMachine(vault)
  const [files, mail] = [join(vault.scratch, 'files'), join(vault.scratch, 'mail')]
  for (const folder of [files, mail]) {
    mkdirSync(folder)
    writeFileSync(join(folder, 'file'), folder)
  }
  await machine.backup('policy', 'include', files)
  await machine.backup('policy', 'include', mail, '--source', 'mail')
  return { vault, machine, files, mail }
}

describe('with two sources', () => {
  it('a run makes a point of each, or of the one that is named', async () => {
    const { machine } = await twoSources()
    const both = await machine.backup('run')
    const summaries = both.events.filter(({ event }) => event === 'summary')
    expect(summaries.map(({ source }) => source)).toEqual(['files', 'mail'])
    expect(await machine.backup('run', '--source', 'mail')).toMatchObject({ code: 0 })
    const all = pointsOf(await machine.backup('points'))
    expect(all.map(({ source, seq }) => [source, seq])).toEqual([
      ['files', 1],
      ['mail', 1],
      ['mail', 2],
    ])
    expect(pointsOf(await machine.backup('points', '--source', 'files'))).toHaveLength(1)
    const unknown = exitOf(await machine.backup('run', '--source', 'music'))
    expect(unknown).toMatchObject({ code: 2, error: 'unknown-source', hint: text })
  })

  it('latest and times say nothing without --source; an id does', async () => {
    const { vault, machine, mail } = await twoSources()
    await machine.backup('run')
    const to = join(vault.scratch, 'to')
    const now = new Date(vault.service.clock.now() + hourMs).toISOString()
    for (const words of [
      ['restore', '--point', 'latest', '--to', to],
      ['points', 'show', 'latest'],
      ['ls', now],
      ['verify', '--point', 'latest'],
    ]) {
      const refused = exitOf(await machine.backup(...words))
      expect(refused).toMatchObject({ code: 2, error: 'usage' })
      expect(refused['message']).toContain('files, mail')
      expect(refused['hint']).toContain('--source')
    }
    const shown = await machine.backup('points', 'show', 'latest', '--source', 'mail')
    expect(shown.event('point')).toMatchObject({ source: 'mail', include: [mail] })
    const id = String(shown.event('point')?.['pointId'])
    const listed = await machine.backup('ls', id.slice(0, 8), mail)
    expect(listed.event('entry')).toMatchObject({ path: join(mail, 'file') })
    const unknown = exitOf(await machine.backup('ls', 'latest', '--source', 'music'))
    expect(unknown).toMatchObject({ code: 2, error: 'unknown-source' })
  })
})

describe('a point', () => {
  it('is the newest at or before a time of the clock of the vault', async () => {
    const { vault, machine } = await twoSources()
    const { clock } = vault.service
    const times: number[] = []
    for (let run = 0; run < 2; run++) {
      times.push(clock.now())
      await machine.backup('run', '--source', 'mail')
      clock.add(hourMs)
    }
    const [first = 0, second = 0] = times
    const at = async (ms: number) => {
      const time = new Date(ms).toISOString()
      const ended = await machine.backup('points', 'show', time, '--source', 'mail')
      return ended.event('point')?.['seq'] ?? exitOf(ended)
    }
    expect(await at(first)).toBe(1)
    expect(await at(second - 1)).toBe(1)
    expect(await at(second)).toBe(2)
    expect(await at(second + 100 * hourMs)).toBe(2)
    expect(await at(first - 1)).toMatchObject({ code: 2, error: 'unknown-point', hint: text })
  })

  it('is named by what can name one', async () => {
    const { machine } = await twoSources()
    await machine.backup('run', '--source', 'mail')
    const errorOf = async (named: string) =>
      exitOf(await machine.backup('points', 'show', named))['error']
    expect(await errorOf('nonsense')).toBe('unknown-point')
    expect(await errorOf('00000000')).toBe('unknown-point')
    expect(await errorOf('abc')).toBe('usage')
    expect(await errorOf('2026-02-31')).toBe('usage')
  })

  it('is missed before there is one, and the list is empty', async () => {
    const { machine } = await twoSources()
    const listed = await machine.backup('points')
    expect(listed).toMatchObject({ code: 0 })
    expect(pointsOf(listed)).toEqual([])
    const restored = exitOf(await machine.backup('restore', '--point', 'latest', '--to', 'x'))
    expect(restored).toMatchObject({ code: 2, error: 'unknown-point' })
    expect(restored['hint']).toContain('backup run')
  })

  it('tells what it holds, and what was left out', async () => {
    const { vault, machine, mail } = await twoSources()
    const absent = join(vault.scratch, 'absent')
    await machine.backup('policy', 'include', absent, '--source', 'mail')
    await machine.backup('policy', 'exclude', '*.tmp', '--source', 'mail')
    await machine.backup('run', '--source', 'mail')
    const shown = await machine.backup('points', 'show', 'latest')
    expect(shown.event('point')).toMatchObject({
      ...{ source: 'mail', seq: 1, state: 'incomplete', files: 1, leftOut: 1 },
      ...{ include: [mail, absent], exclude: ['*.tmp'], system: process.platform },
    })
    const left = await machine.backup('points', 'show', 'latest', '--left-out')
    expect(left.events).toHaveLength(2)
    expect(left.event('left-out')).toMatchObject({ path: absent, reason: 'missing-path' })
  })

  it('is listed like a directory, or a file of it alone', async () => {
    const { machine, mail } = await twoSources()
    mkdirSync(join(mail, 'inner'))
    symlinkSync('file', join(mail, 'link'))
    await machine.backup('run', '--source', 'mail')
    const ls = async (path: string) =>
      (await machine.backup('ls', 'latest', path)).events.filter(({ event }) => event === 'entry')
    expect(await ls(mail)).toMatchObject([
      { path: join(mail, 'file'), type: 'file', sizeBytes: mail.length },
      { path: join(mail, 'inner'), type: 'directory' },
      { path: join(mail, 'link'), type: 'symlink', target: 'file' },
    ])
    expect(await ls(join(mail, 'link'))).toMatchObject([{ target: 'file' }])
    expect(await ls(join(mail, 'inner'))).toEqual([])
    const absent = exitOf(await machine.backup('ls', 'latest', join(mail, 'absent')))
    expect(absent).toMatchObject({ code: 1, error: 'not-found', hint: text })
  })
})
