/** The catalog holds nothing that the objects do not: without it, or with an older copy, the vault says and refuses the same. */

import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readMeta } from '../../src/vault/catalog/meta.ts'
import { openCatalog } from '../../src/vault/catalog/open.ts'
import {
  bareMachine,
  exitOf,
  registeredMachine,
  registerMachine,
  run,
  serveDirectory,
  startCommandVault,
  type CommandMachine,
  type CommandVault,
  type Ended,
} from '../support/commands.ts'
import { backUp, expectRestored, writeRandom } from './folder.ts'

interface UsedVault {
  readonly vault: CommandVault
  readonly port: number
  readonly catalog: string
  /** A copy that has seen neither the last point nor the last records. */
  readonly olderCopy: string
  readonly laptop: CommandMachine
  readonly folder: string
  readonly revoked: CommandMachine
  /** A credential file that a newer one follows. */
  readonly superseded: string
}

/** A vault that is stopped, with two points, a machine that was revoked after the first, and two credentials. */
async function usedVault(): Promise<UsedVault> {
  const vault = await startCommandVault()
  const catalog = join(vault.directory, 'catalog.sqlite')
  const olderCopy = join(vault.scratch, 'older-copy')
  const { port } = vault.serving
  const laptop = await registeredMachine(vault, 'laptop')
  const superseded = await vault.credential()
  const revoked = bareMachine(vault.scratch, 'revoked')
  expect(await registerMachine(revoked, superseded, '--name', 'revoked')).toMatchObject({ code: 0 })
  const folder = join(vault.scratch, 'data')
  writeRandom(join(folder, 'file'), 100_000)
  await laptop.backup('policy', 'include', folder)
  await backUp(laptop)

  await vault.serving.stop()
  copyFileSync(catalog, olderCopy)
  const again = await serveDirectory(vault.directory, port)
  writeRandom(join(folder, 'second'), 100_000)
  await backUp(laptop)
  expect(await vault.vault('machines', 'revoke', 'revoked')).toMatchObject({ code: 0 })
  await vault.credential()
  await again.stop()
  return { vault, port, catalog, olderCopy, laptop, folder, revoked, superseded }
}

const forget = (catalog: string): void => {
  for (const end of ['', '-wal', '-shm']) rmSync(`${catalog}${end}`, { force: true })
}

const deleted = ({ catalog }: UsedVault): void => forget(catalog)

function exchangedForOlder({ catalog, olderCopy }: UsedVault): void {
  forget(catalog)
  copyFileSync(olderCopy, catalog)
}

const pointsOf = ({ events }: Ended) => events.filter(({ event }) => event === 'point')

/** What machines are told; the service is running meanwhile. */
async function answersOf({ vault, port, laptop, revoked, superseded }: UsedVault) {
  const serving = await serveDirectory(vault.directory, port)
  const points = await laptop.backup('points')
  const stranger = bareMachine(vault.scratch, 'stranger')
  const answers = {
    points: pointsOf(points),
    refusals: [
      exitOf(await revoked.backup('points')),
      exitOf(await registerMachine(stranger, superseded, '--name', 'stranger')),
    ],
  }
  await serving.stop()
  return answers
}

const recordsOf = ({ vault }: UsedVault): readonly string[] =>
  readdirSync(join(vault.directory, 'objects', 'records')).sort()

async function expectRead(used: UsedVault): Promise<void> {
  const catalog = await openCatalog(used.catalog)
  const last = Number.parseInt(recordsOf(used).at(-1) ?? '', 16)
  expect(await readMeta(catalog, 'lastRecord')).toBe(String(last))
  await catalog.destroy()
}

describe('a catalog', { timeout: 180_000 }, () => {
  it('that is deleted, or exchanged for an older copy, comes back as it was', async () => {
    const used = await usedVault()
    const { vault, port, laptop, folder } = used
    const before = await answersOf(used)
    expect(before.points).toHaveLength(2)
    expect(before.refusals).toMatchObject([
      { code: 12, error: 'certificate-refused' },
      { code: 12, error: 'credential-superseded' },
    ])
    for (const damage of [deleted, exchangedForOlder]) {
      damage(used)
      expect(await answersOf(used), damage.name).toEqual(before)
      await expectRead(used)

      damage(used)
      expect(await vault.vault('rebuild-catalog')).toMatchObject({ code: 0 })
      await expectRead(used)
      expect(await answersOf(used), `${damage.name}, rebuilt`).toEqual(before)
    }
    await serveDirectory(vault.directory, port)
    writeRandom(join(folder, 'third'), 100_000)
    const { summary } = await backUp(laptop)
    expect(summary.bytesSent).toBeLessThan(200_000)
    await expectRestored(laptop, folder)
  })
})

/** Both copies of the log's record that many places from its end. */
const recordFromEnd = (used: UsedVault, place: number): readonly string[] => {
  const name = recordsOf(used).at(-1 - place) ?? ''
  return ['objects', 'copies'].map((tree) => join(used.vault.directory, tree, 'records', name))
}

const serveOnce = ({ vault }: UsedVault): Promise<Ended> =>
  run('backup-vault', [
    ...['serve', '--dir', vault.directory, '--host', '127.0.0.1'],
    ...['--port', '0', '--json'],
  ])

describe('a service', { timeout: 120_000 }, () => {
  it('does not start on a catalog or a log that is not the whole truth', async () => {
    const used = await usedVault()
    const { vault, catalog } = used
    const refused = { code: 1, error: 'catalog-behind' }
    const damaged = { code: 4, error: 'damaged' }

    writeFileSync(catalog, 'no database'.repeat(5_000))
    const ended = exitOf(await serveOnce(used))
    expect(ended).toMatchObject(refused)
    expect(ended['hint']).toContain('rebuild-catalog')
    expect(await vault.vault('rebuild-catalog')).toMatchObject({ code: 0 })

    const last = recordFromEnd(used, 0)
    const lastBytes = last.map((path) => readFileSync(path))
    last.forEach((path) => rmSync(path))
    expect(exitOf(await serveOnce(used))).toMatchObject(refused)
    last.forEach((path, at) => writeFileSync(path, lastBytes[at] ?? ''))

    const inner = recordFromEnd(used, 1)
    const innerBytes = inner.map((path) => readFileSync(path))
    const exchanges: readonly (readonly [(path: string, bytes: Buffer) => void, object])[] = [
      [(path) => rmSync(path), refused],
      [(path) => copyFileSync(recordFromEnd(used, 2)[0] ?? '', path), refused],
      [(path, bytes) => writeFileSync(path, flipped(bytes)), damaged],
    ]
    for (const [exchange, expected] of exchanges) {
      exchangedForOlder(used)
      inner.forEach((path, at) => exchange(path, innerBytes[at] ?? Buffer.alloc(0)))
      expect(exitOf(await serveOnce(used))).toMatchObject(expected)
      expect(exitOf(await vault.vault('rebuild-catalog'))).toMatchObject(expected)
      inner.forEach((path, at) => writeFileSync(path, innerBytes[at] ?? ''))
    }
    await (await serveDirectory(vault.directory)).stop()
  })
})

const flipped = (bytes: Buffer): Buffer => {
  const altered = Buffer.from(bytes)
  altered.writeUInt8(altered.readUInt8(20) ^ 1, 20)
  return altered
}
