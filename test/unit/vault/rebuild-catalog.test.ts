import { copyFile, readFile, rm, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { dayMs, hourMs } from '../../../src/base/clock.ts'
import { decodeCommit } from '../../../src/model/commit.ts'
import { findCertificate } from '../../../src/vault/catalog/certificates.ts'
import { readMeta } from '../../../src/vault/catalog/meta.ts'
import { findObjects } from '../../../src/vault/catalog/objects.ts'
import { openCatalog } from '../../../src/vault/catalog/open.ts'
import { standingPoints } from '../../../src/vault/catalog/points.ts'
import { listRuns, saveRun } from '../../../src/vault/catalog/runs.ts'
import type { Catalog } from '../../../src/vault/catalog/tables.ts'
import { logRecordKey } from '../../../src/vault/objects/keys.ts'
import { commitPoint } from '../../../src/vault/points/commit.ts'
import { reconcileObjects, reconcilePoints } from '../../../src/vault/points/reconcile.ts'
import { deletePoints, undeletePoints } from '../../../src/vault/retention/delete-points.ts'
import { rebuildCatalog } from '../../../src/vault/rebuild-catalog.ts'
import { commitNext as commitPointNow, passDays } from '../../support/committed-points.ts'
import {
  files,
  fingerprint,
  openTestVault,
  preparePoint,
  put,
  register,
  space,
  type TestVault,
} from '../../support/test-vault.ts'

const place = { space, source: files }
const { signal } = new AbortController()

async function commitNext(vault: TestVault, seq: number, before?: Uint8Array): Promise<Uint8Array> {
  const more = before === undefined ? {} : { previous: decodeCommit(before).hash }
  const { bytes } = await preparePoint(vault.store, { seq, ...more })
  await commitPoint(vault, { place, seq, bytes })
  return bytes
}

/** A vault with two points, something staged, a run, and a revoked certificate. */
async function usedVault() {
  const vault = await openTestVault()
  await register(vault)
  const first = await commitNext(vault, 1)
  vault.clock.add(dayMs)
  const second = await commitNext(vault, 2, first)
  await put(vault.store, 'data')
  await reconcileObjects(vault, signal)
  await saveRun(vault.catalog, {
    machineId: space.machineId,
    id: 'a'.repeat(32),
    report: '{}',
    updatedAt: 1,
  })
  await vault.log.append(() => ({ kind: 'certificate-revoked', fingerprint }))
  return { vault, second }
}

/** All that has to be the same after a rebuild; when objects were last asked for starts anew. */
async function contentOf(catalog: Catalog) {
  const rows = async (table: 'vaults' | 'machines' | 'certificates' | 'points') =>
    await catalog.selectFrom(table).selectAll().execute()
  const objects = await catalog
    .selectFrom('objects')
    .select(['id', 'kind', 'sizeBytes', 'state'])
    .execute()
  return {
    objects,
    vaults: await rows('vaults'),
    machines: await rows('machines'),
    certificates: await rows('certificates'),
    points: await rows('points'),
    lastRecord: await readMeta(catalog, 'lastRecord'),
  }
}

const rebuild = (vault: TestVault) => rebuildCatalog(vault.catalogPath, { ...vault, signal })

describe('a rebuilt catalog', () => {
  test('is what it was, also for those that have it open; runs stay, the feed is a new one', async () => {
    const { vault } = await usedVault()
    const before = await contentOf(vault.catalog)
    const feed = await readMeta(vault.catalog, 'feed')
    await vault.catalog.deleteFrom('objects').execute()
    await vault.catalog.updateTable('certificates').set({ revokedAt: null }).execute()
    await vault.catalog.updateTable('points').set({ lockUntil: 0 }).execute()
    await rebuild(vault)
    expect(await contentOf(vault.catalog)).toEqual(before)
    expect(await listRuns(vault.catalog, 10)).toHaveLength(1)
    expect(await readMeta(vault.catalog, 'feed')).not.toBe(feed)
    expect(before.objects.filter(({ state }) => state === 'live')).toHaveLength(12)
    expect(before.objects.filter(({ state }) => state === 'staged')).toHaveLength(1)
  })

  test.each(['deleted', 'garbage', 'empty', 'of another version'])(
    'comes from a file that is %s',
    async (how) => {
      const { vault } = await usedVault()
      const before = await contentOf(vault.catalog)
      await vault.catalog.destroy()
      if (how === 'deleted') await rm(vault.catalogPath)
      if (how === 'garbage') await writeFile(vault.catalogPath, Buffer.alloc(50_000, 'x'))
      if (how === 'empty') await writeFile(vault.catalogPath, '')
      if (how === 'of another version') {
        const bytes = await readFile(vault.catalogPath)
        bytes.writeUInt32BE(77, 60)
        await writeFile(vault.catalogPath, bytes)
        await expect(openCatalog(vault.catalogPath)).rejects.toMatchObject({
          code: 'catalog-behind',
        })
      }
      await rebuild(vault)
      const again = await openTestVault({ directory: vault.directory, signer: vault.signer })
      await again.log.verify()
      expect(await contentOf(again.catalog)).toEqual(before)
    },
  )

  test('is not made from a log with a gap; the old one stays', async () => {
    const { vault } = await usedVault()
    await vault.store.remove(logRecordKey(1))
    const before = await contentOf(vault.catalog)
    await expect(rebuild(vault)).rejects.toMatchObject({ code: 'catalog-behind' })
    expect(await contentOf(vault.catalog)).toEqual(before)
  })
})

describe('after a rebuild', () => {
  const tables = ['pointStates', 'holds', 'pins', 'points', 'vaults'] as const
  const rowsOf = async (catalog: Catalog) =>
    Promise.all(tables.map((table) => catalog.selectFrom(table).selectAll().execute()))

  test('points are deleted, held, locked and kept as before, until the same times', async () => {
    const vault = await openTestVault()
    await register(vault)
    const { machineId, vaultId } = space
    await vault.log.append(() => ({ kind: 'soft-delete-set', vaultId, days: 30 }))
    for (let seq = 1; seq <= 5; seq++) {
      await commitPointNow(vault)
      vault.clock.add(hourMs)
    }
    await passDays(vault, 8)
    const points = await standingPoints(vault.catalog, { machineId, source: files })
    const [, second, third] = points.map(({ hash }) => hash)
    if (second === undefined || third === undefined) throw new Error('no points')
    await deletePoints(vault, { space, ids: [second, third] }, () => Promise.resolve())
    await undeletePoints(vault, { space, ids: [third] })
    const source = files
    await vault.log.append(() => ({ kind: 'hold-set', machineId, source, seq: 4, note: 'why' }))
    const digest = new Uint8Array(32)
    const issued = { digest, machineId, operation: 'points-delete', salt: digest, hash: digest }
    await vault.log.append(() => ({ kind: 'pin-issued', ...issued, expiresAt: 1 }))
    await vault.log.append(() => ({ kind: 'pin-refused', digest }))
    await passDays(vault, 24)
    const before = await rowsOf(vault.catalog)
    expect(before[0]?.map((row) => 'state' in row && row.state)).toEqual(['deleted', 'kept'])
    for (const table of tables) {
      if (table !== 'points') await vault.catalog.deleteFrom(table).execute()
    }
    await rebuild(vault)
    expect(await rowsOf(vault.catalog)).toEqual(before)
    await passDays(vault, 10)
    const after = await standingPoints(vault.catalog, { machineId, source: files })
    expect(after.map(({ seq, state }) => [seq, state])).toEqual([
      [1, 'kept'],
      [3, 'deleted'],
      [4, 'kept'],
      [5, 'kept'],
    ])
  })

  test('what removed points named is not live any more', async () => {
    const vault = await openTestVault()
    await register(vault)
    await commitPointNow(vault)
    vault.clock.add(hourMs)
    const passing = await commitPointNow(vault)
    await commitPointNow(vault)
    await passDays(vault, 45)
    await rebuild(vault)
    const place = { machineId: space.machineId, repository: 0 }
    const { commit } = decodeCommit(passing.commit)
    const rows = await findObjects(vault.catalog, place, [commit.manifest, commit.refsRoot])
    expect([...rows.values()].map(({ state }) => state)).toEqual(['staged', 'staged'])
  })
})

describe('an older copy of the catalog', () => {
  test('has the same points after the start, still refuses what was revoked, and knows that objects have to be walked', async () => {
    const { vault, second } = await usedVault()
    await rebuild(vault)
    await vault.catalog.destroy()
    await copyFile(vault.catalogPath, `${vault.catalogPath}.copy`)
    const later = await openTestVault({ directory: vault.directory, signer: vault.signer })
    await commitNext(later, 3, second)
    const points = await later.catalog.selectFrom('points').selectAll().execute()
    await later.catalog.destroy()
    await copyFile(`${vault.catalogPath}.copy`, vault.catalogPath)
    const older = await openTestVault({ directory: vault.directory, signer: vault.signer })
    await older.log.verify()
    await older.log.catchUp()
    expect(await readMeta(older.catalog, 'objectsWalked')).toBe('1')
    await reconcilePoints(older)
    expect(await older.catalog.selectFrom('points').selectAll().execute()).toEqual(points)
    expect(await readMeta(older.catalog, 'objectsWalked')).toBeUndefined()
    expect(await findCertificate(older.catalog, fingerprint)).toMatchObject({
      revokedAt: expect.any(Number) as number,
    })
  })
})
