import { describe, expect, test } from 'vitest'
import { dayMs, hourMs } from '../../../../src/base/clock.ts'
import { parseRecordHash, parseSourceName } from '../../../../src/model/ids.ts'
import { defaultRetention, retentionOf, type LastTagged } from '../../../../src/policy/retention.ts'
import { judgePoints, type KeptPoint } from '../../../../src/policy/retention-verdict.ts'
import { findPoint, savePoint, standingPoints } from '../../../../src/vault/catalog/points.ts'
import { sightClock, confirmTime } from '../../../../src/vault/clock/vault-time.ts'
import { applyRetention } from '../../../../src/vault/retention/expire.ts'
import { undeletePoints } from '../../../../src/vault/retention/delete-points.ts'
import { commitNext, current, passDays } from '../../../support/committed-points.ts'
import { files, openTestVault, register, space, startMs } from '../../../support/test-vault.ts'
import type { TestVault } from '../../../support/test-vault.ts'

async function vaultWithMachine(): Promise<TestVault> {
  const vault = await openTestVault()
  await register(vault)
  return vault
}

const logHead = async ({ catalog }: TestVault) =>
  (await catalog.selectFrom('meta').selectAll().where('key', '=', 'lastRecord').execute())[0]?.value

const machineId = space.machineId
const softDays = 14

/** The first point takes all tags; the second, made an hour later, has none and is kept for 30 days. */
async function withUntaggedPoint() {
  const vault = await vaultWithMachine()
  const first = await commitNext(vault)
  vault.clock.add(hourMs)
  const untagged = await commitNext(vault)
  vault.clock.add(hourMs)
  const last = await commitNext(vault)
  return { vault, first, untagged, last }
}

describe('a point that nothing keeps any more', () => {
  test('is deleted softly by the clock alone, then removed; the last one of the source never is', async () => {
    const { vault, first, untagged, last } = await withUntaggedPoint()
    await passDays(vault, 30)
    expect(await current(vault, untagged)).toMatchObject({
      state: 'deleted',
      deletedUntil: vault.clock.now() + softDays * dayMs,
    })
    await passDays(vault, softDays - 1)
    expect(await current(vault, untagged)).toMatchObject({ state: 'deleted' })
    await passDays(vault, 1)
    expect(await current(vault, untagged)).toMatchObject({ state: 'removed', deletedUntil: null })
    await passDays(vault, 400)
    expect(await current(vault, first)).toMatchObject({ state: 'kept' })
    expect(await current(vault, last)).toMatchObject({ state: 'kept' })
  })

  test('of a machine that was retired goes, the last one too', async () => {
    const { vault, last } = await withUntaggedPoint()
    await vault.log.append(() => ({ kind: 'machine-retired', machineId }))
    await passDays(vault, 31)
    expect(await current(vault, last)).toMatchObject({ state: 'deleted' })
  })

  test('is kept by the soft-delete period of its vault, as it was when it was deleted', async () => {
    const { vault, untagged, last } = await withUntaggedPoint()
    const set = (days: number) =>
      vault.log.append(() => ({ kind: 'soft-delete-set', vaultId: space.vaultId, days }))
    await set(40)
    await passDays(vault, 30)
    await set(14)
    await passDays(vault, 39)
    expect(await current(vault, untagged)).toMatchObject({ state: 'deleted' })
    await passDays(vault, 1)
    expect(await current(vault, untagged)).toMatchObject({ state: 'removed' })
    expect(await current(vault, last)).toMatchObject({ state: 'kept' })
  })

  test('and was taken back is kept for another soft-delete period', async () => {
    const { vault, untagged } = await withUntaggedPoint()
    await passDays(vault, 35)
    await undeletePoints(vault, { space, ids: [untagged.hash] })
    await passDays(vault, softDays - 1)
    expect(await current(vault, untagged)).toMatchObject({ state: 'kept' })
    await passDays(vault, 1)
    expect(await current(vault, untagged)).toMatchObject({ state: 'deleted' })
  })

  test('leads to one record, however often retention is applied, and by how many processes', async () => {
    const { vault } = await withUntaggedPoint()
    await passDays(vault, 29)
    vault.clock.add(dayMs)
    const beside = await openTestVault({ directory: vault.directory, signer: vault.signer })
    beside.clock.set(vault.clock.now())
    const before = Number(await logHead(vault))
    await Promise.all([applyRetention(vault), applyRetention(beside), applyRetention(vault)])
    await applyRetention(beside)
    expect(Number(await logHead(vault))).toBe(before + 1)
  })

  test('beside 1,500 others goes with them, in records that fit', async () => {
    const { vault, last } = await withUntaggedPoint()
    const source = { machineId, source: files }
    const row = await findPoint(vault.catalog, source, last.seq)
    if (row === undefined) throw new Error('The last point is gone.')
    await vault.catalog.transaction().execute(async (transaction) => {
      for (let seq = 4; seq <= 1_500; seq++) {
        const hash = parseRecordHash(seq.toString(16).padStart(64, '0'))
        await savePoint(transaction, { ...row, seq, hash })
      }
    })
    await passDays(vault, 31)
    const standing = await standingPoints(vault.catalog, source)
    expect(standing.filter(({ state }) => state === 'kept').map(({ seq }) => seq)).toEqual([
      1, 1_500,
    ])
  })
})

describe('a hold', () => {
  const hold = (vault: TestVault, more: { source?: typeof files; seq?: number } = {}) =>
    vault.log.append(() => ({
      kind: 'hold-set',
      machineId,
      source: more.source,
      seq: more.seq,
      note: 'because',
    }))

  test.each([{}, { source: files }, { source: files, seq: 2 }])(
    'keeps what it is set on (%j) until it is cleared',
    async (place) => {
      const { vault, untagged } = await withUntaggedPoint()
      await hold(vault, place)
      await passDays(vault, 40)
      expect(await current(vault, untagged)).toMatchObject({ state: 'kept' })
      const { source, seq } = { source: undefined, seq: undefined, ...place }
      await vault.log.append(() => ({ kind: 'hold-cleared', machineId, source, seq }))
      await passDays(vault, 1)
      expect(await current(vault, untagged)).toMatchObject({ state: 'deleted' })
    },
  )

  test('on another source or point keeps nothing', async () => {
    const { vault, untagged } = await withUntaggedPoint()
    await hold(vault, { source: parseSourceName('other') })
    await hold(vault, { source: files, seq: 3 })
    await passDays(vault, 30)
    expect(await current(vault, untagged)).toMatchObject({ state: 'deleted' })
  })

  test('that comes after the deletion stops the removal', async () => {
    const { vault, untagged } = await withUntaggedPoint()
    await passDays(vault, 31)
    await hold(vault)
    await passDays(vault, 30)
    expect(await current(vault, untagged)).toMatchObject({ state: 'deleted' })
  })
})

describe('a clock that jumps', () => {
  test.each([
    ['ahead', 3_000 * dayMs],
    ['back', -2 * hourMs],
  ])('%s ends expiry and removal until it is confirmed', async (_, ms) => {
    const { vault, untagged } = await withUntaggedPoint()
    await passDays(vault, 29)
    const right = vault.clock.now()
    vault.clock.add(ms)
    expect((await applyRetention(vault)).sight.kind).toBe('suspended')
    vault.clock.set(right)
    await passDays(vault, 20)
    expect(await current(vault, untagged)).toMatchObject({ state: 'kept' })
    await confirmTime(vault)
    await passDays(vault, 1)
    expect(await current(vault, untagged)).toMatchObject({ state: 'deleted' })
  })

  test('after a deletion keeps the point takable', async () => {
    const { vault, untagged } = await withUntaggedPoint()
    await passDays(vault, 31)
    vault.clock.add(20 * dayMs)
    expect(await applyRetention(vault)).toMatchObject({ removed: 0 })
    expect(await current(vault, untagged)).toMatchObject({ state: 'deleted' })
  })
})

test('five weeks at two points a day keep what an independent reckoning keeps, each day', async () => {
  const vault = await vaultWithMachine()
  await sightClock(vault)
  const made: KeptPoint[] = []
  let last: LastTagged = {}
  for (let half = 0; half < 70; half++) {
    vault.clock.add(12 * hourMs)
    const nowMs = startMs + (half + 1) * 12 * hourMs
    const row = await commitNext(vault, { ids: [] })
    const retention = retentionOf(defaultRetention, nowMs, last)
    last = { ...last, ...Object.fromEntries(retention.tags.map((tag) => [tag, nowMs])) }
    const state = { undeletedUntil: null, wantedUntil: null, isHeld: false }
    made.push({ seq: row.seq, committedAt: nowMs, ...retention, ...state })
    if (half % 2 === 0) continue
    await applyRetention(vault)
    const rules = { policies: [defaultRetention], promisesSince: 0 }
    const expected = judgePoints(made, rules, { nowMs, isRegistered: true })
    const standing = await standingPoints(vault.catalog, { machineId, source: files })
    expect(standing.filter(({ state: is }) => is === 'kept').map(({ seq }) => seq)).toEqual(
      expected.filter(({ state: is }) => is === 'kept').map(({ point }) => point.seq),
    )
  }
})
