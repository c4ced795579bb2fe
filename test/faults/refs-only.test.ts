/** A point needs what its refs name and nothing else: all other objects are deleted from the vault's directory. */

import { appendFileSync, closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { registeredMachine, startCommandVault } from '../support/commands.ts'
import { pseudoRandomBytes } from '../support/pseudo-random.ts'
import { backUp, expectRestored, expectSound, mebibyte, writeRandom } from './folder.ts'
import { removeUnneeded } from './stored.ts'

/** Directories whose entries fill several pages, a file with a map, the same content twice, and small ones. */
function fill(folder: string): void {
  writeRandom(join(folder, 'large', 'mapped'), mappedBytes, 'mapped')
  for (const name of ['first', 'second', 'third', 'twin of third']) {
    for (let file = 0; file < 6; file++) {
      const seed = `${name.replace('twin of ', '')} ${file}`
      writeRandom(join(folder, name, 'inner', `file-${file}`), 60_000 * (file + 1), seed)
    }
  }
  for (let file = 0; file < 1_600; file++) {
    writeRandom(join(folder, 'many', `a name that takes some room ${file}`.padEnd(120, '-')), 20)
  }
}

function overwrite(path: string, at: number, seed: string): void {
  const file = openSync(path, 'r+')
  writeSync(file, pseudoRandomBytes(seed, mebibyte), 0, mebibyte, at)
  closeSync(file)
}

const mappedBytes = 90 * mebibyte

/** What happens before each run, and the most that it reads then: all else is taken over from the point before. */
const changes: readonly (readonly [change: (folder: string) => void, mostBytesRead: number])[] = [
  [fill, mappedBytes + 10 * mebibyte],
  [(folder) => writeRandom(join(folder, 'first', 'inner', 'file-3'), 500_000, 'changed'), mebibyte],
  [
    (folder) => {
      writeRandom(join(folder, 'second', 'added'), 700_000)
      rmSync(join(folder, 'third', 'inner', 'file-5'))
    },
    mebibyte,
  ],
  [
    (folder) => overwrite(join(folder, 'large', 'mapped'), 40 * mebibyte, 'overwritten'),
    mappedBytes + mebibyte,
  ],
  [
    (folder) => {
      writeRandom(join(folder, 'first', 'inner', 'file-3'), 500_000, 'changed again')
      writeFileSync(join(folder, 'many', 'one more'), 'one more\n')
      // Of what the run before wrote, the map of the large file alone is still in use.
      writeFileSync(join(folder, 'large', 'beside'), 'a file\n')
    },
    mebibyte,
  ],
]

/** What changes so shortly before a run is read again by the next one; what is older is taken over. */
const notTrustedMs = 2_000

describe('what the newest point does not name', { timeout: 180_000 }, () => {
  it('can be deleted: it restores as before, and so does what is built on it', async () => {
    const vault = await startCommandVault()
    const machine = await registeredMachine(vault)
    const folder = join(vault.scratch, 'data')
    const next = async (change: (folder: string) => void) => {
      change(folder)
      await pause(notTrustedMs + 100)
      return (await backUp(machine)).summary
    }
    await machine.backup('policy', 'include', folder)
    for (const [change, mostBytesRead] of changes) {
      expect((await next(change)).bytesRead).toBeLessThan(mostBytesRead)
    }
    const kinds = new Set(['data', 'tree', 'index', 'refs', 'manifest'])
    expect(await removeUnneeded(vault.directory)).toEqual(kinds)
    await expectRestored(machine, folder)

    // The vault's catalog still lists what is gone.
    await next(() => appendFileSync(join(folder, 'second', 'added'), 'a line\n'))
    await removeUnneeded(vault.directory)
    await backUp(machine)
    await removeUnneeded(vault.directory)
    await expectSound(machine)
    await expectRestored(machine, folder)
  })
})
