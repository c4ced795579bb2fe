import { rm, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { dayMs, hourMs } from '../../../../src/base/clock.ts'
import { decodeCommit } from '../../../../src/model/commit.ts'
import {
  noRecord,
  parseMachineId,
  parseObjectId,
  parseSourceName,
  type ObjectId,
} from '../../../../src/model/ids.ts'
import { decodePointRecord } from '../../../../src/model/point-record.ts'
import { findObjects } from '../../../../src/vault/catalog/objects.ts'
import { lastPoint } from '../../../../src/vault/catalog/points.ts'
import type { ObjectStore } from '../../../../src/vault/objects/object-store.ts'
import { commitPoint } from '../../../../src/vault/points/commit.ts'
import { findHead, listHeads } from '../../../../src/vault/points/heads.ts'
import { reconcilePoints } from '../../../../src/vault/points/reconcile.ts'
import {
  bytesOf,
  files,
  idOf,
  keyIn,
  openTestVault,
  preparePoint,
  put,
  putRefs,
  register,
  space,
  startMs,
  type PreparedPoint,
  type TestVault,
} from '../../../support/test-vault.ts'

const place = { space, source: files }
const at = { machineId: space.machineId, repository: 0 }

const commitOf = (vault: TestVault, point: PreparedPoint) =>
  commitPoint(vault, { place, seq: point.commit.seq, bytes: point.bytes })

const hashOf = (bytes: Uint8Array) => decodeCommit(bytes).hash

async function committed() {
  const vault = await openTestVault()
  await register(vault)
  const first = await preparePoint(vault.store)
  await commitOf(vault, first)
  return { vault, first }
}

const next = (
  vault: TestVault,
  before: PreparedPoint,
  more: Parameters<typeof preparePoint>[1] = {},
) =>
  preparePoint(vault.store, { seq: before.commit.seq + 1, previous: hashOf(before.bytes), ...more })

describe('a commit', () => {
  test('makes the point exist, its objects live, and the vault say how long it is kept', async () => {
    const vault = await openTestVault()
    await register(vault)
    const point = await preparePoint(vault.store)
    const { made, point: row } = await commitOf(vault, point)
    expect(made).toBe(true)
    const { record, body, signature } = decodePointRecord(row.record)
    expect(record).toEqual({
      commit: hashOf(point.bytes),
      number: 0,
      timeMs: startMs,
      tags: ['daily', 'weekly', 'monthly', 'yearly'],
      retainUntilMs: Date.parse('2036-11-25T21:30Z'),
      lockUntilMs: Date.parse('2027-11-25T21:30Z'),
    })
    expect(await vault.signer.verify('backup/v1/point', body, signature)).toBe(true)
    const rows = await findObjects(vault.catalog, at, [
      ...point.ids,
      point.commit.manifest,
      point.commit.refsRoot,
    ])
    expect([...rows.values()].map(({ state }) => state)).toEqual(
      Array.from({ length: 5 }, () => 'live'),
    )
    const folder = join(
      'vaults',
      space.vaultId,
      'machines',
      space.machineId,
      'points/files/0000000000000001',
    )
    for (const tree of ['objects', 'copies']) {
      expect((await readdir(join(vault.directory, tree, folder))).sort()).toEqual([
        'commit',
        'record-0000000000000000',
      ])
    }
  })

  test('that is repeated is answered as the first time', async () => {
    const { vault, first } = await committed()
    const before = await lastPoint(vault.catalog, { machineId: space.machineId, source: files })
    vault.clock.add(3 * dayMs)
    const again = await commitOf(vault, first)
    expect(again).toEqual({ made: false, point: before })
  })

  test('follows the one before it; points of a day after the first have no tag', async () => {
    const { vault, first } = await committed()
    vault.clock.add(hourMs)
    const { point } = await commitOf(vault, await next(vault, first))
    expect(point).toMatchObject({
      seq: 2,
      tags: '',
      retainUntil: startMs + hourMs + 30 * dayMs,
      lockUntil: startMs + hourMs + 7 * dayMs,
    })
  })

  test('of another seq or with another record before it is told the head', async () => {
    const { vault, first } = await committed()
    const facts = { headSeq: 1, headHash: hashOf(first.bytes) }
    const wrong = [
      await preparePoint(vault.store),
      await preparePoint(vault.store, { seq: 3, previous: hashOf(first.bytes) }),
      await preparePoint(vault.store, { seq: 2, previous: noRecord }),
    ]
    for (const point of wrong) {
      await expect(commitOf(vault, point)).rejects.toMatchObject({ code: 'head-moved', facts })
    }
    const fresh = await preparePoint(vault.store, {
      source: parseSourceName('other'),
      previous: hashOf(first.bytes),
    })
    await expect(
      commitPoint(vault, {
        place: { space, source: parseSourceName('other') },
        seq: 1,
        bytes: fresh.bytes,
      }),
    ).rejects.toMatchObject({ code: 'head-moved', facts: { headSeq: 0, headHash: noRecord } })
  })

  test('of several at once for the same seq, one is made', async () => {
    const { vault, first } = await committed()
    const points = await Promise.all([1, 2, 3, 4].map(() => next(vault, first)))
    const results = await Promise.allSettled(points.map((point) => commitOf(vault, point)))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'head-moved' })
    }
  })

  test('that is not of the connection and path is refused', async () => {
    const vault = await openTestVault()
    await register(vault)
    const foreign = await preparePoint(vault.store, { machineId: parseMachineId('44'.repeat(16)) })
    await expect(commitOf(vault, foreign)).rejects.toMatchObject({ code: 'commit-refused' })
    const good = await preparePoint(vault.store)
    for (const request of [
      { place: { space, source: parseSourceName('other') }, seq: 1 },
      { place, seq: 2 },
    ]) {
      await expect(commitPoint(vault, { ...request, bytes: good.bytes })).rejects.toMatchObject({
        code: 'commit-refused',
      })
    }
    expect(await findHead(vault, place)).toBeUndefined()
  })

  test('with any byte flipped is refused', async () => {
    const vault = await openTestVault()
    await register(vault)
    const { bytes } = await preparePoint(vault.store)
    for (const index of bytes.keys()) {
      const altered = Uint8Array.from(bytes)
      altered[index] = (altered[index] ?? 0) ^ 1
      await expect(commitPoint(vault, { place, seq: 1, bytes: altered })).rejects.toMatchObject({
        code: 'malformed',
      })
    }
  })
})

describe('what a commit needs', () => {
  const absent = parseObjectId('0'.repeat(63) + '1')

  async function expectMissing(
    vault: TestVault,
    point: PreparedPoint,
    missing: readonly ObjectId[],
  ) {
    await expect(commitOf(vault, point)).rejects.toMatchObject({
      code: 'commit-missing',
      facts: { missing: [...missing].sort(), more: false },
    })
    expect(await findHead(vault, place)).toBeUndefined()
  }

  const freshVault = async () => {
    const vault = await openTestVault()
    await register(vault)
    return vault
  }

  test('packs and indexes, the manifest, the refs: each is named when it is missing', async () => {
    const vault = await freshVault()
    const data = await put(vault.store, 'data')
    await expectMissing(vault, await preparePoint(vault.store, { ids: [data, absent] }), [absent])
    await expectMissing(vault, await preparePoint(vault.store, { manifest: absent }), [absent])
    await expectMissing(vault, await preparePoint(vault.store, { refsRoot: absent }), [absent])
  })

  test('a missing shard of the refs is named, and good once it was sent', async () => {
    const vault = await freshVault()
    const point = await preparePoint(vault.store)
    const shard = (await shardsOf(vault.store, point)).at(0)
    if (shard === undefined) throw new Error('no shard')
    await vault.store.remove(keyIn('refs', shard))
    await expectMissing(vault, point, [shard])
    await putRefs(vault.store, point.ids)
    expect((await commitOf(vault, point)).made).toBe(true)
  })

  test('what the catalog still lists but the store has lost is missing', async () => {
    const vault = await freshVault()
    const point = await preparePoint(vault.store)
    const [id] = point.ids
    if (id === undefined) throw new Error('no id')
    await expect(
      commitOf(vault, {
        ...point,
        commit: point.commit,
        bytes: (await preparePoint(vault.store, { ids: [...point.ids, absent] })).bytes,
      }),
    ).rejects.toMatchObject({ code: 'commit-missing' })
    await vault.store.remove(keyIn('data', id))
    await expectMissing(vault, point, [id])
  })

  test('damaged objects are missing; those in trash count until a day before their purge', async () => {
    const vault = await freshVault()
    const point = await preparePoint(vault.store)
    const [data, tree, index] = point.ids
    if (data === undefined || tree === undefined || index === undefined) throw new Error('no ids')
    await vault.store.remove(keyIn('refs', point.commit.refsRoot))
    await expectMissing(vault, point, [point.commit.refsRoot])
    await findObjects(vault.catalog, at, point.ids)
    await commitOf(vault, {
      ...point,
      bytes: (await preparePoint(vault.store, { ids: [...point.ids, absent] })).bytes,
    }).catch(() => undefined)
    const set = (id: ObjectId, state: 'damaged' | 'trash', purgeAt: number | null) =>
      vault.catalog.updateTable('objects').set({ state, purgeAt }).where('id', '=', id).execute()
    await set(data, 'damaged', null)
    await set(tree, 'trash', startMs + 23 * hourMs)
    await set(index, 'trash', startMs + 25 * hourMs)
    await putRefs(vault.store, point.ids)
    await expectMissing(vault, point, [data, tree])
    await set(data, 'trash', startMs + 25 * hourMs)
    await set(tree, 'trash', startMs + 25 * hourMs)
    await commitOf(vault, point)
    for (const row of (await findObjects(vault.catalog, at, point.ids)).values()) {
      expect(row).toMatchObject({ state: 'live', purgeAt: null })
    }
  })

  test('objects of another kind do not count', async () => {
    const vault = await freshVault()
    const manifest = await put(vault.store, 'manifest')
    await expectMissing(vault, await preparePoint(vault.store, { ids: [manifest] }), [manifest])
    const data = await put(vault.store, 'data')
    await expectMissing(vault, await preparePoint(vault.store, { manifest: data }), [data])
  })

  test('objects of another repository do not count', async () => {
    const vault = await freshVault()
    const point = await preparePoint(vault.store, { repository: 1 })
    await expect(commitOf(vault, point)).rejects.toMatchObject({ code: 'commit-missing' })
  })

  test('a wrong number of ids, or refs that are not canonical, are refused', async () => {
    const vault = await freshVault()
    await expect(
      commitOf(vault, await preparePoint(vault.store, { objectCount: 4 })),
    ).rejects.toMatchObject({ code: 'commit-refused' })
    const garbage = bytesOf('refs')
    await vault.store.create(keyIn('refs', idOf(garbage)), garbage)
    await expect(
      commitOf(vault, await preparePoint(vault.store, { refsRoot: idOf(garbage) })),
    ).rejects.toMatchObject({ code: 'commit-refused' })
  })

  test('a list that is too long for one answer goes on', async () => {
    const vault = await freshVault()
    const ids = Array.from({ length: 10_001 }, (_, n) =>
      parseObjectId(n.toString(16).padStart(64, '0')),
    )
    const point = await preparePoint(vault.store, { ids })
    const error: unknown = await commitOf(vault, point).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'commit-missing', facts: { more: true } })
    expect((error as { facts: { missing: unknown[] } }).facts.missing).toHaveLength(10_000)
  })

  test('shards that the point before names are not looked at again, unless something is damaged', async () => {
    const { vault, first } = await committed()
    const [data] = first.ids
    if (data === undefined) throw new Error('no id')
    await vault.store.remove(keyIn('data', data))
    const second = await next(vault, first, { ids: first.ids })
    expect((await commitOf(vault, second)).made).toBe(true)
    await vault.catalog
      .updateTable('objects')
      .set({ state: 'damaged' })
      .where('id', '=', first.ids[1] ?? absent)
      .execute()
    const third = await next(vault, second, { ids: first.ids })
    await expect(commitOf(vault, third)).rejects.toMatchObject({
      code: 'commit-missing',
      facts: { missing: first.ids.slice(0, 2).sort() },
    })
  })
})

async function shardsOf(store: ObjectStore, point: PreparedPoint): Promise<ObjectId[]> {
  const ids: ObjectId[] = []
  const folder = keyIn('refs', point.commit.refsRoot).replace(/refs\/.*/, 'refs/')
  for await (const { key } of store.list(folder)) ids.push(parseObjectId(key.slice(-64)))
  return ids.filter((id) => id !== point.commit.refsRoot)
}

describe('the vault killed within a commit', () => {
  test('before the record: there is no point; the same commit makes it', async () => {
    const vault = await openTestVault()
    await register(vault)
    const point = await preparePoint(vault.store)
    const dying = { ...vault, store: failing(vault.store, /commit$/) }
    await expect(commitPoint(dying, { place, seq: 1, bytes: point.bytes })).rejects.toThrow(
      'killed',
    )
    expect(await listHeads(vault, space)).toEqual([])
    expect((await commitOf(vault, point)).made).toBe(true)
  })

  test('after the record: the point exists, and the next look makes what the vault says of it, later', async () => {
    const vault = await openTestVault()
    await register(vault)
    const point = await preparePoint(vault.store)
    const dying = { ...vault, store: failing(vault.store, /record-0+$/) }
    await expect(commitPoint(dying, { place, seq: 1, bytes: point.bytes })).rejects.toThrow(
      'killed',
    )
    vault.clock.add(2 * dayMs)
    await reconcilePoints(vault)
    const head = await lastPoint(vault.catalog, { machineId: space.machineId, source: files })
    expect(head).toMatchObject({
      seq: 1,
      committedAt: startMs + 2 * dayMs,
      tags: 'daily,weekly,monthly,yearly',
    })
    expect(await commitOf(vault, point)).toEqual({ made: false, point: head })
  })

  test('before the row: the catalog takes the point in, with the record that it got', async () => {
    const { vault, first } = await committed()
    await vault.catalog.deleteFrom('points').execute()
    vault.clock.add(dayMs)
    expect(await commitOf(vault, first)).toMatchObject({
      made: false,
      point: { committedAt: startMs },
    })
  })
})

function failing(store: ObjectStore, pattern: RegExp): ObjectStore {
  return {
    ...store,
    create: (key, source, expected) =>
      pattern.test(key) ? Promise.reject(new Error('killed')) : store.create(key, source, expected),
  }
}

describe('the head', () => {
  test('is the same with no catalog, and with an older one', async () => {
    const { vault, first } = await committed()
    let last = first
    for (let seq = 2; seq <= 4; seq++) {
      last = await next(vault, last)
      await commitOf(vault, last)
    }
    await vault.catalog.deleteFrom('points').where('seq', '>', 2).execute()
    expect(await findHead(vault, place)).toMatchObject({ seq: 4, hash: hashOf(last.bytes) })
    const empty = await openTestVault({
      directory: vault.directory,
      signer: vault.signer,
      catalogName: 'empty.sqlite',
    })
    expect(await findHead(empty, place)).toMatchObject({ seq: 4, hash: hashOf(last.bytes) })
    const points = await empty.catalog.selectFrom('points').select('seq').orderBy('seq').execute()
    expect(points.map(({ seq }) => seq)).toEqual([1, 2, 3, 4])
  })

  test('survives the loss of the first copy of a commit record', async () => {
    const { vault, first } = await committed()
    const folder = join('objects/vaults', space.vaultId, 'machines', space.machineId, 'points')
    await rm(join(vault.directory, folder), { recursive: true })
    const empty = await openTestVault({
      directory: vault.directory,
      signer: vault.signer,
      catalogName: 'empty.sqlite',
    })
    await empty.log.catchUp()
    await reconcilePoints(empty)
    expect(await findHead(empty, place)).toMatchObject({
      seq: 1,
      hash: hashOf(first.bytes),
      committedAt: startMs,
    })
  })

  test("a point's record that the vault did not sign is refused by name", async () => {
    const { vault } = await committed()
    const stranger = await openTestVault({
      directory: vault.directory,
      catalogName: 'empty.sqlite',
    })
    await expect(findHead(stranger, place)).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining('record-0000000000000000') as string,
    })
  })
})
