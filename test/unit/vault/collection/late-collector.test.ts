/** A collector that sleeps between two steps, and what others do meanwhile: the ways that test/model found. */

import { describe, expect, test } from 'vitest'
import { dayMs, hourMs } from '../../../../src/base/clock.ts'
import { decodeCommit } from '../../../../src/model/commit.ts'
import type { ObjectId } from '../../../../src/model/ids.ts'
import { addObjects, markLive } from '../../../../src/vault/catalog/objects.ts'
import { trashOf } from '../../../../src/vault/catalog/trash.ts'
import { collect } from '../../../../src/vault/collection/collect.ts'
import { trashUnneeded } from '../../../../src/vault/collection/trash-unneeded.ts'
import { presentObjects } from '../../../../src/vault/objects/presence.ts'
import { commitNext, passDays } from '../../../support/committed-points.ts'
import {
  keyIn,
  openTestVault,
  put,
  register,
  space,
  type TestVault,
} from '../../../support/test-vault.ts'

const place = { space, repository: 0 }
const at = { machineId: space.machineId, repository: 0 }

/** An upload that no point names, older than it is kept. */
async function withOldUpload() {
  const vault = await openTestVault()
  await register(vault)
  const id = await put(vault.store, 'data')
  await presentObjects(vault, place, [id])
  await passDays(vault, 31)
  return { vault, id }
}

const isStored = async ({ store }: TestVault, id: ObjectId): Promise<boolean> =>
  (await store.stat(keyIn('data', id))) !== undefined

const trashed = async ({ catalog }: TestVault, id: ObjectId) =>
  (await trashOf(catalog, space.machineId)).filter((copy) => copy.id === id)

describe('a collector that sleeps', () => {
  test('before it moves an object that a commit claims meanwhile leaves it in its place', async () => {
    const { vault, id } = await withOldUpload()
    const store: typeof vault.store = {
      ...vault.store,
      move: async (key, newKey) => {
        if (newKey.startsWith('trash/')) {
          await markLive(vault.catalog, at, { ids: [id], nowMs: vault.clock.now() })
        }
        return await vault.store.move(key, newKey)
      },
    }
    expect(await collect({ ...vault, store })).toMatchObject({ trashed: 0 })
    expect(await isStored(vault, id)).toBe(true)
  })

  test('for as long as trash lasts, and moves what was sent again, does not end the 30 days of that', async () => {
    const { vault, id } = await withOldUpload()
    await collect(vault)
    const [copy] = await trashed(vault, id)
    if (copy === undefined) throw new Error('not trashed')
    await passDays(vault, 13)
    const nowMs = vault.clock.now()
    const sent = { id, kind: 'data' as const, sizeBytes: 2_000, receivedAt: nowMs, askedAt: nowMs }
    await addObjects(vault.catalog, at, [sent])
    await passDays(vault, 2)
    expect(await collect(vault)).toMatchObject({ purged: 0, broughtBack: 1 })
    expect(await isStored(vault, id)).toBe(true)
  })

  test('before it decides puts nothing into the trash that is due at once', async () => {
    const { vault, id } = await withOldUpload()
    const nowMs = vault.clock.now()
    vault.clock.add(20 * dayMs)
    const needed = { has: () => false }
    await trashUnneeded(vault, { place, needed, nowMs, trashMs: 14 * dayMs })
    expect(await trashed(vault, id)).toMatchObject([{ purgeAt: vault.clock.now() + 14 * dayMs }])
  })
})

test('refs that lie in the trash and nobody knows of are found before points are marked', async () => {
  const vault = await openTestVault()
  await register(vault)
  const point = await commitNext(vault)
  const { refsRoot } = decodeCommit(point.commit).commit
  const key = keyIn('refs', refsRoot)
  await vault.store.move(key, `trash/0000000000000007/${key}`)
  expect(await collect(vault)).toMatchObject({ skipped: [], broughtBack: 1 })
  expect(await vault.store.stat(key)).toBeDefined()
})

test('a clock that has gone back does not make trash nameable that may be purged already', async () => {
  const { vault, id } = await withOldUpload()
  await collect(vault)
  await passDays(vault, 13)
  vault.clock.add(hourMs)
  await collect(vault)
  expect((await presentObjects(vault, place, [id])).size).toBe(0)
  vault.clock.add(-12 * dayMs)
  expect((await presentObjects(vault, place, [id])).size).toBe(0)
})
