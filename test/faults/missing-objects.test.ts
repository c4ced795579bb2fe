/** Objects that the vault has lost, and that the next point needs: the agent is told, reads them again, sends them, commits. */

import { appendFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sleep } from '../../src/base/flow.ts'
import { openState } from '../../src/agent/state/state.ts'
import { parseSourceName, type ObjectKind } from '../../src/model/ids.ts'
import {
  registeredMachine,
  serveDirectory,
  startCommandVault,
  type CommandMachine,
  type CommandVault,
  type Ended,
} from '../support/commands.ts'
import { backUp, expectRestored, expectSound, mebibyte, writeRandom } from './folder.ts'
import { newestCommit, neededBy, removeObject, storedObjects, type StoredObject } from './stored.ts'
import { until } from './until.ts'

interface Protected {
  readonly vault: CommandVault
  readonly machine: CommandMachine
  readonly folder: string
}

const fileCount = 24

/** Files of that size, included and not backed up yet. */
async function someFiles(sizeBytes: number): Promise<Protected> {
  const vault = await startCommandVault()
  const machine = await registeredMachine(vault)
  const folder = join(vault.scratch, 'data')
  for (let number = 0; number < fileCount; number++) {
    const place = join(folder, `directory-${number % 4}`, `file-${number}`)
    writeRandom(place, sizeBytes, `content ${number}`)
  }
  await machine.backup('policy', 'include', folder)
  // What changed within two seconds of a run is read again by the next.
  await sleep(2_100)
  return { vault, machine, folder }
}

/** An object of the newest point. */
async function objectInUse({ vault }: Protected, kind: string): Promise<StoredObject> {
  const needed = await neededBy(vault.directory, newestCommit(vault.directory))
  const object = storedObjects(vault.directory).find(
    ({ kind: its, id }) => its === kind && needed.has(id),
  )
  if (object === undefined) throw new Error(`The point uses no ${kind}.`)
  return object
}

/** Something changes, so that there is more to commit than the same refs once more. */
const change = (folder: string): void =>
  appendFileSync(join(folder, 'directory-2', 'file-2'), 'a line that was not there\n')

const warningsOf = ({ events }: Ended): string =>
  events
    .filter(({ event }) => event === 'warning')
    .map(({ message }) => String(message))
    .join('\n')

/** Several packs of them. */
const large = 2.5 * mebibyte
const small = 20_000

describe('what the next point needs and the vault has lost', { timeout: 120_000 }, () => {
  it('a data pack: the files that were in it are read and sent again, and no others', async () => {
    const all = await someFiles(large)
    await backUp(all.machine)
    removeObject(all.vault.directory, (await objectInUse(all, 'data')).id)
    change(all.folder)
    const { summary, ...ended } = await backUp(all.machine)
    expect(warningsOf(ended)).toContain('The vault lacks')
    expect(summary.bytesRead).toBeGreaterThan(large)
    // A pack of what several threads had left over may hold parts of a dozen files.
    expect(summary.bytesRead).toBeLessThan(fileCount * large * 0.75)
    await expectRestored(all.machine, all.folder)
  })

  it('a tree pack, an index, refs, a manifest, everything: it is made again', async () => {
    const all = await someFiles(small)
    await backUp(all.machine)
    for (const kind of ['tree', 'index', 'refs', 'manifest']) {
      removeObject(all.vault.directory, (await objectInUse(all, kind)).id)
      change(all.folder)
      const { summary } = await backUp(all.machine)
      expect(summary.bytesSent, kind).toBeLessThan(fileCount * small)
      await expectRestored(all.machine, all.folder)
    }
    const removeAll = (kind?: ObjectKind) => {
      for (const { path } of storedObjects(all.vault.directory, kind)) rmSync(path)
    }
    removeAll()
    change(all.folder)
    expect((await backUp(all.machine)).summary.bytesSent).toBeGreaterThan(fileCount * small)
    await expectRestored(all.machine, all.folder)

    // Now what is lost is not on the vault's list either: the agent sees it before it commits.
    removeAll('data')
    await all.vault.vault('rebuild-catalog')
    change(all.folder)
    expect((await backUp(all.machine)).summary.bytesSent).toBeGreaterThan(fileCount * small)
    await expectRestored(all.machine, all.folder)
    await expectSound(all.machine)
  })

  it('a pack of a run that was killed before its point: it is missed from the start and sent again', async () => {
    // So much that the run is far from its end when its first pack is acknowledged.
    const all = await someFiles(4 * large)
    const journal = openState(all.machine.state).paths.packJournal(parseSourceName('files'))
    const killed = all.machine.start('run')
    // Not the file alone: its first entry, which holds a directory of at least 4 KiB.
    const size = () => statSync(journal, { throwIfNoEntry: false })?.size ?? 0
    await until(() => size() > 4200, 'a pack is acknowledged')
    killed.kill('SIGKILL')
    await killed.result
    // Or packs that were on their way would still come after the others are removed.
    const { directory, serving } = all.vault
    await serving.stop()
    for (const { path } of storedObjects(directory, 'data')) rmSync(path)
    await serveDirectory(directory, serving.port)
    const ended = await backUp(all.machine)
    // What no point names is asked for before anything counts on it.
    expect(warningsOf(ended)).not.toContain('The vault lacks')
    expect(ended.summary.bytesSent).toBeGreaterThan(fileCount * 4 * large)
    await expectRestored(all.machine, all.folder)
  })
})
