/** `backup restore` by pattern and with `--delete`, by the built command. */

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { backUp } from '../faults/folder.ts'
import { registeredMachine, startCommandVault } from '../support/commands.ts'

async function machineWithPoint() {
  const vault = await startCommandVault()
  const machine = await registeredMachine(vault)
  const at = (...names: string[]) => join(vault.scratch, 'data', ...names)
  const to = join(vault.scratch, 'out')
  mkdirSync(at('docs', 'deep'), { recursive: true })
  writeFileSync(at('docs', 'a.txt'), 'a')
  writeFileSync(at('docs', 'deep', 'b.txt'), 'b')
  writeFileSync(at('we[i]rd'), 'w')
  await machine.backup('policy', 'include', at())
  await machine.backup('policy', 'exclude', '*.log')
  await backUp(machine)
  const restore = (...words: string[]) => machine.backup('restore', '--point', 'latest', ...words)
  return { at, machine, restore, to }
}

describe('backup restore', () => {
  it('restores what patterns fit, and nothing where one fits nothing', async () => {
    const { at, restore, to } = await machineWithPoint()
    expect(await restore('**/docs/**/*.txt', '*.pdf', '--to', to)).toMatchObject({ code: 1 })
    expect(existsSync(to)).toBe(false)
    expect(await restore('**/docs/**/*.txt', at('we[i]rd'), '--to', to)).toMatchObject({ code: 0 })
    expect(readFileSync(join(to, at('docs', 'deep', 'b.txt')), 'utf8')).toBe('b')
    expect(readFileSync(join(to, at('we[i]rd')), 'utf8')).toBe('w')
  }, 180_000)

  it('makes a mirror once that is agreed to, where everything was restored', async () => {
    const { at, machine, restore } = await machineWithPoint()
    writeFileSync(at('docs', 'a.txt'), 'changed')
    mkdirSync(at('docs', 'more'))
    writeFileSync(at('docs', 'more', 'c.txt'), 'c')
    writeFileSync(at('docs', 'deep', 'run.log'), 'left out')
    const surplus = [at('docs', 'more', 'c.txt'), at('docs', 'more')]
    const planned = await restore('--in-place', '--delete', '--dry-run')
    const removals = planned.events.filter(({ action }) => action === 'remove')
    expect(removals.map(({ path }) => path)).toEqual(surplus)
    expect(await restore('--in-place', '--delete')).toMatchObject({ code: 2 })
    expect(readFileSync(at('docs', 'a.txt'), 'utf8')).toBe('changed')

    // What was not restored leaves nothing to compare with.
    rmSync(at('we[i]rd'))
    mkdirSync(at('we[i]rd'))
    const held = await restore('--in-place', '--delete', '--yes')
    expect(held).toMatchObject({ code: 3 })
    expect(held.event('summary')).toMatchObject({ removed: 0 })
    expect(existsSync(at('docs', 'more', 'c.txt'))).toBe(true)

    rmSync(at('we[i]rd'), { recursive: true })
    const done = await restore('--in-place', '--delete', '--yes')
    expect(done, done.stdout).toMatchObject({ code: 0 })
    expect(done.event('summary')).toMatchObject({ removed: 2, leftOut: 0 })
    expect(existsSync(at('docs', 'more'))).toBe(false)
    expect(readFileSync(at('docs', 'a.txt'), 'utf8')).toBe('a')
    expect(readFileSync(at('docs', 'deep', 'run.log'), 'utf8')).toBe('left out')
    expect(existsSync(machine.state)).toBe(true)
  }, 180_000)
})
