/** What people get wrong when they restore: each is said, and nothing is lost or half there. */

import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compareTrees } from '../../src/agent/restore/compare.ts'
import { systemCalls } from '../../src/agent/system/open.ts'
import { backUp, expectRestored, mebibyte, writeRandom } from '../faults/folder.ts'
import { exitOf, registeredMachine, startCommandVault } from '../support/commands.ts'

async function machineWithPoint() {
  const vault = await startCommandVault()
  const machine = await registeredMachine(vault)
  const at = (...names: string[]) => join(vault.scratch, ...names)
  const folder = at('data')
  mkdirSync(join(folder, 'docs', 'deep'), { recursive: true })
  writeFileSync(join(folder, 'docs', 'a.txt'), 'a')
  writeFileSync(join(folder, 'docs', 'deep', 'b.txt'), 'b')
  writeRandom(join(folder, 'large'), mebibyte)
  await machine.backup('policy', 'include', folder)
  await backUp(machine)
  const restore = (...words: string[]) => machine.backup('restore', '--point', ...words)
  return { at, folder, machine, restore }
}

describe('a restore', () => {
  it('of what is not there, or to what is no directory, is refused before anything is made', async () => {
    const { at, folder, restore } = await machineWithPoint()
    const to = at('to')
    const file = join(folder, 'docs', 'a.txt')
    const refused = async (code: string, ...words: string[]) => {
      const ended = await restore(...words)
      expect(exitOf(ended)).toMatchObject({ error: code })
      expect(exitOf(ended)['hint'], ended.stdout).toMatch(/\w/)
      expect(existsSync(to)).toBe(false)
    }
    await refused('unknown-point', 'ffffffff', '--to', to)
    await refused('not-found', 'latest', join(folder, 'docs', 'c.txt'), '--to', to)
    await refused('not-found', 'latest', join(folder, 'docs'), '**/*.pdf', '--to', to)
    await refused('target-refused', 'latest', '--to', file)
    await refused('target-refused', 'latest', '--to', join(file, 'below'))
    expect(readFileSync(file, 'utf8')).toBe('a')
  }, 120_000)

  it('goes on beside a file where a directory should be, and leaves the file alone', async () => {
    const { at, folder, restore } = await machineWithPoint()
    const to = at('to')
    mkdirSync(join(to, 'docs'), { recursive: true })
    writeFileSync(join(to, 'docs', 'deep'), 'precious')
    for (const rule of ['copy', 'overwrite']) {
      const words = [folder, '--strip', '--to', to, '--on-conflict', rule]
      const ended = await restore('latest', ...words)
      expect(ended, ended.stdout).toMatchObject({ code: 3 })
      const failures = ended.events.filter(({ event }) => event === 'failure')
      expect(failures).toEqual([
        expect.objectContaining({
          path: join(folder, 'docs', 'deep'),
          part: 'content',
          code: 'target-refused',
        }),
      ])
      expect(readdirSync(to).sort()).toEqual(['docs', 'large'])
      expect(readdirSync(join(to, 'docs')).sort()).toEqual(['a.txt', 'deep'])
      expect(readFileSync(join(to, 'docs', 'deep'), 'utf8')).toBe('precious')
    }
  }, 120_000)

  it('into the source itself is done and warned of; the next run saves it and sends nothing twice', async () => {
    const { at, folder, machine, restore } = await machineWithPoint()
    const inside = join(folder, 'restored')
    const ended = await restore('latest', '--to', inside)
    expect(ended, ended.stdout).toMatchObject({ code: 0 })
    expect(ended.event('warning')?.['message']).toContain(`backup policy exclude ${inside}`)
    const options = { system: systemCalls(), owners: false }
    const twice = await compareTrees(join(folder, 'docs'), join(inside, folder, 'docs'), options)
    expect(twice).toEqual([])
    expect((await backUp(machine)).summary.bytesSent).toBeLessThan(mebibyte / 2)
    await expectRestored(machine, folder)

    // Left out, or beside the source, it is nobody's concern.
    await machine.backup('policy', 'exclude', inside)
    for (const to of [inside, at('beside')]) {
      const quiet = await restore('latest', join(folder, 'docs'), '--to', to)
      expect(quiet, quiet.stdout).toMatchObject({ code: 0 })
      expect(quiet.event('warning')).toBeUndefined()
    }
    const left = await backUp(machine)
    expect(left.event('summary')).toMatchObject({ leftOut: 0 })
    expect(existsSync(join(inside, folder, 'large'))).toBe(true)
  }, 180_000)
})
