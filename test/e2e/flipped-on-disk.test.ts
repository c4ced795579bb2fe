/** One flipped bit in a vault's directory, seen by the built commands. */

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { objectKinds } from '../../src/model/ids.ts'
import {
  exitOf,
  registeredMachine,
  run,
  startCommandVault,
  type CommandMachine,
} from '../support/commands.ts'
import { flipped } from '../support/damaged.ts'
import { pseudoRandomBytes } from '../support/pseudo-random.ts'

/** A stored object or record: where it lies, once or twice. */
interface Stored {
  readonly kind: string
  readonly name: string
  readonly paths: readonly string[]
}

/** A machine with one point, and the first file of each kind in its repository. */
async function backedUp() {
  const vault = await startCommandVault()
  const machine = await registeredMachine(vault)
  const folder = join(vault.scratch, 'data')
  mkdirSync(folder)
  writeFileSync(join(folder, 'file'), pseudoRandomBytes('flipped', 30_000))
  await machine.backup('policy', 'include', folder)
  expect(await machine.backup('run')).toMatchObject({ code: 0 })
  const operator = (...words: string[]) =>
    run('backup-vault', ['--dir', vault.directory, '--json', ...words])
  return { machine, operator, stored: storedIn(vault.directory), scratch: vault.scratch }
}

function storedIn(vault: string): readonly Stored[] {
  const objects = join(vault, 'objects')
  const files = readdirSync(objects, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  return [...objectKinds, 'configs'].map((kind) => {
    const path = files.find((file) => file.includes(`/repositories/0/${kind}/`)) ?? ''
    const copy = path.replace(objects, join(vault, 'copies'))
    return { kind, name: basename(path), paths: [path, copy].filter((each) => existsSync(each)) }
  })
}

/** At a place that no padding covers. */
function flip(path: string): void {
  writeFileSync(path, flipped(readFileSync(path), 40))
}

/** What `work` sees while the files are spoilt, all copies of them. */
async function spoilt<T>({ paths }: Stored, work: () => Promise<T>): Promise<T> {
  const before = paths.map((path) => readFileSync(path))
  paths.forEach(flip)
  try {
    return await work()
  } finally {
    paths.forEach((path, at) => writeFileSync(path, before[at] ?? ''))
  }
}

async function verify(machine: CommandMachine) {
  const ended = await machine.backup('verify', '--read-data')
  const damaged = ended.events.filter(({ event }) => event === 'damage').map(({ id }) => id)
  return { code: ended.code, damaged, message: exitOf(ended)['message'] }
}

describe('a flipped bit on the disk of the vault', () => {
  it('is mended from the second copy, where there is one', { timeout: 180_000 }, async () => {
    const { machine, stored } = await backedUp()
    const twice = stored.filter(({ paths }) => paths.length === 2)
    expect(twice.map(({ kind }) => kind)).toEqual(['tree', 'index', 'refs', 'manifest', 'configs'])
    const files = twice.flatMap(({ paths }) => paths.slice(0, 1))
    const before = files.map((file) => readFileSync(file))
    files.forEach(flip)
    expect(await verify(machine)).toMatchObject({ code: 0, damaged: [] })
    expect(files.map((file) => readFileSync(file))).toEqual(before)
  })

  it(
    'in all copies is found by a verification, which names what is damaged',
    { timeout: 180_000 },
    async () => {
      const { machine, stored } = await backedUp()
      for (const object of stored) {
        const { code, damaged, message } = await spoilt(object, () => verify(machine))
        // Without its config there is no repository to look into.
        const named = object.kind === 'configs' ? message : damaged[0]
        expect({ code, named }).toEqual({
          code: 4,
          named: expect.stringContaining(object.name) as string,
        })
      }
      expect(await verify(machine)).toMatchObject({ code: 0, damaged: [] })
    },
  )

  it(
    'in packs is found by the scrub, and what they held is sent again by the next run',
    { timeout: 180_000 },
    async () => {
      const { machine, operator, stored, scratch } = await backedUp()
      const spoiled = stored.filter(({ kind }) => kind === 'data' || kind === 'tree')
      for (const { paths } of spoiled) paths.forEach(flip)
      const scrubbed = await operator('scrub')
      expect(scrubbed.code).toBe(4)
      const found = scrubbed.events.filter(({ event }) => event === 'damaged')
      expect(found.map(({ key }) => basename(String(key))).sort()).toEqual(
        spoiled.map(({ name }) => name).sort(),
      )
      expect((await operator('status')).event('status')).toMatchObject({ damagedObjects: 2 })
      expect(await machine.backup('run')).toMatchObject({ code: 0 })
      const out = join(scratch, 'out')
      const restored = await machine.backup('restore', '--point', 'latest', '--to', out)
      expect(restored, restored.stdout).toMatchObject({ code: 0 })
      expect(readFileSync(join(out, scratch, 'data', 'file'))).toEqual(
        Buffer.from(pseudoRandomBytes('flipped', 30_000)),
      )
    },
  )
})
