import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { dayMs, hourMs } from '../../../../src/base/clock.ts'
import { BackupError } from '../../../../src/base/errors.ts'
import { decodeCommit } from '../../../../src/model/commit.ts'
import { objectKinds, type ObjectId } from '../../../../src/model/ids.ts'
import { addObjects, findObjects } from '../../../../src/vault/catalog/objects.ts'
import { standingPoints } from '../../../../src/vault/catalog/points.ts'
import { trashOf } from '../../../../src/vault/catalog/trash.ts'
import { collect } from '../../../../src/vault/collection/collect.ts'
import { readWhole, type ObjectStore } from '../../../../src/vault/objects/object-store.ts'
import { presentObjects } from '../../../../src/vault/objects/presence.ts'
import { bringBack, keyInTrash } from '../../../../src/vault/objects/trash.ts'
import { namedObjects } from '../../../../src/vault/points/named-objects.ts'
import { reconcileObjects } from '../../../../src/vault/points/reconcile.ts'
import { createVaultLog } from '../../../../src/vault/records/log.ts'
import { rebuildCatalog } from '../../../../src/vault/rebuild-catalog.ts'
import { commitNext, passDays } from '../../../support/committed-points.ts'
import {
  bytesOf,
  files,
  idOf,
  keyIn,
  openTestVault,
  put,
  register,
  space,
  type TestVault,
} from '../../../support/test-vault.ts'

const place = { space, repository: 0 }
const at = { machineId: space.machineId, repository: 0 }
const { signal } = new AbortController()
const trashDays = 14

const isStored = async ({ store }: TestVault, id: ObjectId): Promise<boolean> =>
  (await store.stat(keyIn('data', id))) !== undefined

const isInTrash = async (vault: TestVault, id: ObjectId): Promise<boolean> =>
  (await keyInTrash(vault, place, { kind: 'data', id })) !== undefined

/** Days with all that `serve` does in them. */
async function passDaysWithCollection(vault: TestVault, days: number): Promise<void> {
  for (let day = 0; day < days; day++) {
    await passDays(vault, 1)
    await collect(vault)
  }
}

/** The second of three points is removed; `own` was named by it alone, `shared` by all. */
async function withRemovedPoint() {
  const vault = await openTestVault()
  await register(vault)
  const [shared, own] = [await put(vault.store, 'data'), await put(vault.store, 'data')]
  await commitNext(vault, { ids: [shared] })
  vault.clock.add(hourMs)
  const second = await commitNext(vault, { ids: [shared, own].sort() })
  vault.clock.add(hourMs)
  await commitNext(vault, { ids: [shared] })
  await reconcileObjects(vault, signal)
  return { vault, shared, own, second }
}

/** What a commit was refused for. */
function missingIn(error: unknown): readonly ObjectId[] {
  if (!(error instanceof BackupError) || error.code !== 'commit-missing') throw error
  return error.facts?.['missing'] as readonly ObjectId[]
}

/** What the catalog is told when objects were sent: here they are put into the store without it. */
async function tellOfUploads(vault: TestVault, ids: unknown): Promise<void> {
  const nowMs = vault.clock.now()
  for (const id of ids as readonly ObjectId[]) {
    for (const kind of objectKinds) {
      const stored = await vault.store.stat(keyIn(kind, id))
      if (stored === undefined) continue
      const { sizeBytes } = stored
      const received = { id, kind, sizeBytes, receivedAt: nowMs, askedAt: nowMs }
      await addObjects(vault.catalog, at, [received])
    }
  }
}

/** Everything that a point which can be restored names is at its own place or readable from the trash. */
async function expectAllReadable(vault: TestVault): Promise<void> {
  const of = { machineId: space.machineId, source: files }
  for (const point of await standingPoints(vault.catalog, of)) {
    const { commit } = decodeCommit(point.commit)
    const { ids, missing } = await namedObjects(vault, { place, commit, seen: new Set() })
    expect(missing).toEqual([])
    const rows = await findObjects(vault.catalog, at, ids)
    for (const id of ids) {
      const row = rows.get(id)
      if (row === undefined) throw new Error(`${id} of point ${point.seq} has no row.`)
      const there = (await vault.store.stat(keyIn(row.kind, id))) !== undefined
      const copy = there ? undefined : await keyInTrash(vault, place, row)
      expect(there || copy !== undefined, `${row.kind} ${id} of point ${point.seq}`).toBe(true)
    }
  }
}

describe('collection', () => {
  test('gives back what a removed point alone needed: to the trash, and two weeks later for good', async () => {
    const { vault, shared, own } = await withRemovedPoint()
    await passDaysWithCollection(vault, 43)
    expect([await isStored(vault, own), await isInTrash(vault, own)]).toEqual([true, false])
    await passDaysWithCollection(vault, 1)
    expect([await isStored(vault, own), await isInTrash(vault, own)]).toEqual([false, true])
    await passDaysWithCollection(vault, trashDays - 1)
    expect(await isInTrash(vault, own)).toBe(true)
    await passDaysWithCollection(vault, 1)
    expect([await isStored(vault, own), await isInTrash(vault, own)]).toEqual([false, false])
    expect((await findObjects(vault.catalog, at, [own])).size).toBe(0)
    expect(await isStored(vault, shared)).toBe(true)
    expect(existsSync(join(vault.directory, 'objects', 'trash'))).toBe(true)
    for await (const { key } of vault.store.list('trash/')) throw new Error(`${key} is left`)
    expect(await vault.store.folders('trash/')).toEqual([])
    const told = await vault.catalog.selectFrom('events').select(['kind', 'id']).execute()
    expect(told.filter(({ id }) => id === own)).toEqual([
      { kind: 'trashed', id: own },
      { kind: 'purged', id: own },
    ])
    await expectAllReadable(vault)
  })

  test('keeps uploads that no point names for 30 days after they were last asked for', async () => {
    const vault = await openTestVault()
    await register(vault)
    const id = await put(vault.store, 'data')
    await presentObjects(vault, place, [id])
    await passDaysWithCollection(vault, 29)
    expect(await isStored(vault, id)).toBe(true)
    await passDaysWithCollection(vault, 1)
    expect([await isStored(vault, id), await isInTrash(vault, id)]).toEqual([false, true])
  })

  test('keeps what was sent again for another 30 days, also when the point that named it goes', async () => {
    const { vault, own } = await withRemovedPoint()
    await passDays(vault, 40)
    await tellOfUploads(vault, [own])
    await passDaysWithCollection(vault, 29)
    expect([await isStored(vault, own), await isInTrash(vault, own)]).toEqual([true, false])
    await passDaysWithCollection(vault, 1)
    expect([await isStored(vault, own), await isInTrash(vault, own)]).toEqual([false, true])
  })

  test('does nothing while the clock is not believed', async () => {
    const { vault, own } = await withRemovedPoint()
    await passDays(vault, 45)
    vault.clock.add(10 * dayMs)
    expect(await collect(vault)).toBeUndefined()
    expect(await isStored(vault, own)).toBe(true)
  })

  test.each(['refs root', 'shard'])(
    'touches nothing of a machine of which a %s is not there',
    async (which) => {
      const { vault, own } = await withRemovedPoint()
      const [point] = await standingPoints(vault.catalog, {
        machineId: space.machineId,
        source: files,
      })
      if (point === undefined) throw new Error('no point')
      await passDays(vault, 45)
      const { commit } = decodeCommit(point.commit)
      const named = await namedObjects(vault, { place, commit, seen: new Set() })
      const rows = await findObjects(vault.catalog, at, named.ids)
      const shard = named.ids.find((id) => rows.get(id)?.kind === 'refs' && id !== commit.refsRoot)
      await vault.store.remove(
        keyIn('refs', (which === 'shard' ? shard : undefined) ?? commit.refsRoot),
      )
      expect(await collect(vault)).toMatchObject({
        trashed: 0,
        skipped: [{ machineId: space.machineId }],
      })
      expect(await isStored(vault, own)).toBe(true)
    },
  )

  test('of several at once ends as that of one', async () => {
    const { vault, own } = await withRemovedPoint()
    await passDays(vault, 44)
    const beside = await openTestVault({ directory: vault.directory, signer: vault.signer })
    beside.clock.set(vault.clock.now())
    await Promise.all([collect(vault), collect(beside), collect(vault)])
    expect([await isStored(vault, own), await isInTrash(vault, own)]).toEqual([false, true])
    await passDaysWithCollection(vault, trashDays + 1)
    expect([await isStored(vault, own), await isInTrash(vault, own)]).toEqual([false, false])
    await expectAllReadable(vault)
  })

  test('goes on by the same times with a catalog that is made anew', async () => {
    const { vault, own } = await withRemovedPoint()
    await passDaysWithCollection(vault, 45)
    const before = await trashOf(vault.catalog, space.machineId)
    expect(before.map(({ id }) => id)).toContain(own)
    await rebuildCatalog(vault.catalogPath, { ...vault, signal })
    expect(await trashOf(vault.catalog, space.machineId)).toEqual(before)
    await passDaysWithCollection(vault, trashDays - 2)
    expect(await isInTrash(vault, own)).toBe(true)
    await passDaysWithCollection(vault, 2)
    expect(await isInTrash(vault, own)).toBe(false)
    await expectAllReadable(vault)
  })

  test('adopts what it finds in the trash without a row, and brings it back if it is needed', async () => {
    const { vault, shared, own } = await withRemovedPoint()
    await passDays(vault, 45)
    const [a, b] = [keyIn('data', shared), keyIn('data', own)]
    await vault.store.move(a, `trash/0000000000000001/${a}`)
    await vault.store.move(b, `trash/0000000000000001/${b}`)
    await collect(vault)
    expect(await isStored(vault, shared)).toBe(true)
    expect(await isInTrash(vault, own)).toBe(true)
    await passDaysWithCollection(vault, trashDays)
    expect(await isInTrash(vault, own)).toBe(false)
  })
})

describe('an object in the trash', () => {
  async function withTrash() {
    const made = await withRemovedPoint()
    await passDaysWithCollection(made.vault, 44)
    expect(await isInTrash(made.vault, made.own)).toBe(true)
    return made
  }

  test('is brought back by a commit that names it', async () => {
    const { vault, shared, own } = await withTrash()
    await commitNext(vault, { ids: [shared, own].sort() })
    expect([await isStored(vault, own), await isInTrash(vault, own)]).toEqual([true, false])
    await passDaysWithCollection(vault, 40)
    expect(await isStored(vault, own)).toBe(true)
    await expectAllReadable(vault)
  })

  test('is brought back by being asked for, for another 30 days', async () => {
    const { vault, own } = await withTrash()
    expect([...(await presentObjects(vault, place, [own])).keys()]).toEqual([own])
    expect(await bringBack(vault, place, [own])).toBe(true)
    expect(await isStored(vault, own)).toBe(true)
  })

  test('can not be named from a day before its purge on; sent again it is another copy, which stays', async () => {
    const { vault, shared, own } = await withTrash()
    const bytes = await readWhole(
      vault.store,
      (await keyInTrash(vault, place, { kind: 'data', id: own })) ?? '',
      10_000,
    )
    await passDays(vault, trashDays - 1)
    const ids = [shared, own].sort()
    const refused = await commitNext(vault, { ids }).catch(missingIn)
    expect(refused).toContain(own)
    await expect(commitNext(vault, { ids })).rejects.toMatchObject({ code: 'commit-missing' })
    await vault.store.create(keyIn('data', own), bytes)
    await tellOfUploads(vault, refused)
    await commitNext(vault, { ids })
    await passDaysWithCollection(vault, 20)
    expect([await isStored(vault, own), await isInTrash(vault, own)]).toEqual([true, false])
    await expectAllReadable(vault)
  })

  test('that a point needs after all is brought back, also when its time has come', async () => {
    const { vault, own, second } = await withTrash()
    await vault.catalog.deleteFrom('pointStates').where('seq', '=', second.seq).execute()
    await vault.log.append(() => ({
      kind: 'hold-set',
      machineId: space.machineId,
      source: undefined,
      seq: undefined,
      note: '',
    }))
    await passDays(vault, trashDays + 5)
    expect(await collect(vault)).toMatchObject({ purged: 0 })
    expect(await isStored(vault, own)).toBe(true)
    await expectAllReadable(vault)
  })
})

/** Fails at the n-th call that changes something, before or after it was carried out. */
function failingStore(store: ObjectStore, failAt: number, when: 'before' | 'after') {
  let calls = 0
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    calls += 1
    if (calls === failAt && when === 'before') throw new Error('power cut')
    const result = await work()
    if (calls === failAt) throw new Error('power cut')
    return result
  }
  const failing: ObjectStore = {
    ...store,
    create: (...given) => guarded(() => store.create(...given)),
    move: (...given) => guarded(() => store.move(...given)),
    remove: (...given) => guarded(() => store.remove(...given)),
  }
  return { failing, calls: () => calls }
}

describe('a collection that is stopped', () => {
  test.each(['before', 'after'] as const)(
    'right %s any change, and done again, ends as if it had not been',
    async (when) => {
      for (let failAt = 1; ; failAt++) {
        const { vault, own, shared } = await withRemovedPoint()
        const { failing, calls } = failingStore(vault.store, failAt, when)
        const broken = { ...vault, store: failing }
        const stoppable = { ...broken, log: createVaultLog(broken) }
        for (const days of [44, trashDays + 1]) {
          await passDays(vault, days)
          await collect(stoppable).catch(async () => {
            await expectAllReadable(vault)
            await collect(vault)
          })
        }
        // What was decided but not moved is decided anew a day later.
        for (const days of [1, trashDays + 1]) {
          await passDays(vault, days)
          await collect(vault)
        }
        expect([await isStored(vault, own), await isInTrash(vault, own)]).toEqual([false, false])
        expect(await isStored(vault, shared)).toBe(true)
        await expectAllReadable(vault)
        if (calls() < failAt) {
          expect(failAt).toBeGreaterThan(12)
          return
        }
      }
    },
  )
})

/** Small integers that look random and are the same each time. */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return Math.floor((state / 2 ** 31) * below)
  }
}

test.each([1, 2, 3])(
  'whatever points are made, deleted and collected (%i), all that stand can be read',
  async (seed) => {
    const vault = await openTestVault()
    await register(vault)
    const below = numbersFrom(seed)
    const packs = Array.from({ length: 24 }, () => bytesOf('data'))
    const gone = new Set<string>()
    for (let step = 0; step < 40; step++) {
      // It takes the tags, so that the next one stays for a month only.
      await commitNext(vault, { ids: [] })
      vault.clock.add(hourMs)
      const chosen = packs.filter(() => below(12) === 0)
      const ids = chosen.map(idOf).sort()
      // A client that sends what the vault says is missing, and then nothing is.
      const backUp = async () => {
        const missing = await commitNext(vault, { ids }).then(
          (): readonly ObjectId[] => [],
          missingIn,
        )
        for (const bytes of chosen.filter((one) => missing.includes(idOf(one)))) {
          await vault.store.create(keyIn('data', idOf(bytes)), bytes)
        }
        await tellOfUploads(vault, missing)
        if (missing.length > 0) await commitNext(vault, { ids })
      }
      const collectors = Array.from({ length: below(3) }, () => collect(vault))
      await Promise.all([backUp(), ...collectors])
      await passDays(vault, below(9))
      await expectAllReadable(vault)
      for (const copy of await trashOf(vault.catalog, space.machineId)) gone.add(copy.kind)
    }
    expect(gone).toContain('data')
  },
)
