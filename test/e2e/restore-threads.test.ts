/** Restores by real threads: the same files for any number of them, and of a damaged pack all that can be read. */

import { linkSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { registeredMachine, startCommandVault } from '../support/commands.ts'
import { flipped } from '../support/damaged.ts'
import { pseudoRandomBytes } from '../support/pseudo-random.ts'
import { listTree } from '../support/tree-listing.ts'

/** More than the main thread would do alone: 600 small files, one with another name, and one of several chunks. */
function makeTree(folder: string): void {
  for (let at = 0; at < 600; at++) {
    const path = join(folder, `d${at % 5}`, `f${at}`)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, pseudoRandomBytes(`${at % 590}`, at % 9 === 0 ? 0 : 5_000 + at))
    utimesSync(path, at, 1_000 + at / 7)
  }
  linkSync(join(folder, 'd1/f1'), join(folder, 'd2/also'))
  writeFileSync(join(folder, 'd0/large'), pseudoRandomBytes('large', 4_000_000))
}

function onlyDataPack(vault: string): string {
  const all = readdirSync(vault, { recursive: true, encoding: 'utf8' })
  const [pack = '', ...more] = all.filter((name) => /\/data\/.*[0-9a-f]{64}$/.test(name))
  expect(more).toEqual([])
  return join(vault, pack)
}

it('gives the same for any number of threads, and all but what a damaged segment held', async () => {
  const vault = await startCommandVault()
  const machine = await registeredMachine(vault)
  const folder = join(vault.scratch, 'data')
  makeTree(folder)
  await machine.backup('policy', 'include', folder)
  expect(await machine.backup('run')).toMatchObject({ code: 0 })
  const restored = async (name: string, ...words: string[]) => {
    const to = join(vault.scratch, name)
    const strip = [folder, '--strip', '--point', 'latest', '--to', to]
    return { to, ended: await machine.backup('restore', ...strip, ...words) }
  }

  for (const threads of ['1', '3']) {
    const { to, ended } = await restored(`by-${threads}`, '--threads', threads)
    expect(ended, ended.stdout).toMatchObject({ code: 0 })
    expect(listTree(to)).toEqual(listTree(folder))
  }

  const pack = onlyDataPack(vault.directory)
  writeFileSync(pack, flipped(readFileSync(pack), 2_000_000))
  const { to, ended } = await restored('damaged', '--threads', '2')
  expect(ended, ended.stdout).toMatchObject({ code: 3 })
  const named = ended.events.filter(({ event }) => event === 'failure').map(({ path }) => path)
  const there = new Set(filesBelow(to))
  const missing = filesBelow(folder).filter((name) => !there.has(name))
  expect(named.length).toBeGreaterThan(0)
  expect(missing.map((name) => join(folder, name)).sort()).toEqual([...named].sort())
  for (const name of there) {
    expect(readFileSync(join(to, name)).equals(readFileSync(join(folder, name)))).toBe(true)
  }
})

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
