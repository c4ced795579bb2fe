import { describe, expect, test } from 'vitest'
import { dayMs, hourMs } from '../../../../src/base/clock.ts'
import { decodeCommit } from '../../../../src/model/commit.ts'
import { maxRefsBytes } from '../../../../src/model/limits.ts'
import { checkRefs } from '../../../../src/model/refs-reader.ts'
import { readIfThere } from '../../../../src/vault/objects/object-store.ts'
import { findObjects } from '../../../../src/vault/catalog/objects.ts'
import { planRetention } from '../../../../src/vault/retention/plan.ts'
import { reconcileObjects } from '../../../../src/vault/points/reconcile.ts'
import { commitNext, current, passDays } from '../../../support/committed-points.ts'
import { keyIn, openTestVault, put, register, space } from '../../../support/test-vault.ts'
import type { TestVault } from '../../../support/test-vault.ts'

const plan = (vault: TestVault, days: number | null = 30) => planRetention(vault, { days })

/** Three points that share a pack; the second has another one with the third, and one of its own. */
async function withSharedPacks() {
  const vault = await openTestVault()
  await register(vault)
  const [shared, passing, own] = [
    await put(vault.store, 'data'),
    await put(vault.store, 'data'),
    await put(vault.store, 'data'),
  ]
  const first = await commitNext(vault, { ids: [shared] })
  vault.clock.add(hourMs)
  const second = await commitNext(vault, { ids: [shared, passing, own].sort() })
  vault.clock.add(hourMs)
  const third = await commitNext(vault, { ids: [shared, passing].sort() })
  vault.clock.add(hourMs)
  const last = await commitNext(vault, { ids: [shared] })
  await reconcileObjects(vault, new AbortController().signal)
  return { vault, first, second, third, last, packs: { shared, passing, own } }
}

async function sizeOf(vault: TestVault, ids: readonly Awaited<ReturnType<typeof put>>[]) {
  const place = { machineId: space.machineId, repository: 0 }
  const rows = await findObjects(vault.catalog, place, ids)
  return [...rows.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}

describe('the plan', () => {
  test('says which points go, when, why, and what comes back with each', async () => {
    const { vault, second, third, packs } = await withSharedPacks()
    const { points } = await plan(vault)
    expect(points.map(({ point }) => point.hash)).toEqual([second.hash, third.hash])
    const [goesFirst, goesNext] = points
    expect(goesFirst).toMatchObject({
      deletedAt: second.committedAt + 30 * dayMs,
      removedAt: second.committedAt + 44 * dayMs,
      reasons: [
        { kind: 'untagged', until: second.committedAt + 30 * dayMs },
        { kind: 'locked', until: second.committedAt + 7 * dayMs },
      ],
    })
    const [ownBytes, passingBytes] = [
      await sizeOf(vault, [packs.own]),
      await sizeOf(vault, [packs.passing]),
    ]
    const itsOwn = async (row: typeof second) => {
      const { commit } = decodeCommit(row.commit)
      const shards = await refsObjectsOf(vault, commit.refsRoot)
      return await sizeOf(vault, [commit.manifest, ...shards])
    }
    expect(goesFirst?.freedBytes).toBe(ownBytes + (await itsOwn(second)))
    expect(goesNext?.freedBytes).toBe(passingBytes + (await itsOwn(third)))
  })

  test('with all points shows what keeps those that stay', async () => {
    const { vault, first, last } = await withSharedPacks()
    const { points } = await plan(vault, null)
    expect(points).toHaveLength(4)
    expect(points.find(({ point }) => point.hash === last.hash)).toMatchObject({
      deletedAt: null,
      removedAt: null,
      freedBytes: 0,
    })
    const kinds = points.find(({ point }) => point.hash === first.hash)?.reasons
    expect(kinds?.map(({ kind }) => kind)).toEqual([
      'yearly',
      'monthly',
      'locked',
      'weekly',
      'daily',
    ])
  })

  test('comes true', async () => {
    const { vault } = await withSharedPacks()
    const { points } = await plan(vault)
    await passDays(vault, 45)
    for (const { point } of points) {
      expect(await current(vault, point)).toMatchObject({ state: 'removed' })
    }
    expect((await plan(vault)).points).toEqual([])
  })

  test('tells of deleted points when they were deleted and when they are gone', async () => {
    const { vault, second } = await withSharedPacks()
    await passDays(vault, 31)
    const now = await current(vault, second)
    const { points } = await plan(vault, 0)
    expect(points.find(({ point }) => point.hash === second.hash)).toMatchObject({
      deletedAt: now.stateChangedAt,
      removedAt: now.deletedUntil,
    })
  })

  test('changes nothing', async () => {
    const { vault } = await withSharedPacks()
    await passDays(vault, 28)
    vault.clock.add(3 * dayMs)
    const rows = () => vault.catalog.selectFrom('pointStates').selectAll().execute()
    const before = await rows()
    await plan(vault)
    expect(await rows()).toEqual(before)
  })
})

async function refsObjectsOf(vault: TestVault, root: Awaited<ReturnType<typeof put>>) {
  const refs = await checkRefs(root, (id) =>
    readIfThere(vault.store, keyIn('refs', id), maxRefsBytes),
  )
  return [...refs.nodes, ...refs.shards.map(({ id }) => id)]
}
