import { describe, expect, test } from 'vitest'
import { dayMs, hourMs } from '../../../../src/base/clock.ts'
import { BackupError } from '../../../../src/base/errors.ts'
import { defaultRetention, type RetentionPolicy } from '../../../../src/policy/retention.ts'
import { retentionRequestSchema } from '../../../../src/protocol/messages.ts'
import { findMachine } from '../../../../src/vault/catalog/machines.ts'
import { vaultNamed } from '../../../../src/vault/catalog/vaults.ts'
import { setImmutability } from '../../../../src/vault/operator/immutability.ts'
import { deleteVault, keepVault, setSoftDelete } from '../../../../src/vault/operator/vaults.ts'
import { rebuildCatalog } from '../../../../src/vault/rebuild-catalog.ts'
import {
  cancelPending,
  changePolicy,
  keepPoints,
  readPolicy,
} from '../../../../src/vault/retention/change-policy.ts'
import { deletePoints } from '../../../../src/vault/retention/delete-points.ts'
import { giveUpData, keepData } from '../../../../src/vault/retention/give-up.ts'
import { planRetention } from '../../../../src/vault/retention/plan.ts'
import { commitNext, current, passDays } from '../../../support/committed-points.ts'
import {
  files,
  openTestVault,
  register,
  space,
  startMs,
  type TestVault,
} from '../../../support/test-vault.ts'

const allowed = () => Promise.resolve()
const refusing = () => Promise.reject(new BackupError('pin-required', 'no PIN'))
const notAsked = () => Promise.reject(new Error('no PIN is needed for this'))

async function vaultWithMachine(): Promise<TestVault> {
  const vault = await openTestVault()
  await register(vault)
  return vault
}

const keeping = (keep: Partial<RetentionPolicy['keep']>): RetentionPolicy => ({
  ...defaultRetention,
  keep: { ...defaultRetention.keep, ...keep },
})

function change(vault: TestVault, policy: RetentionPolicy, allow = allowed) {
  const request = retentionRequestSchema.parse({ source: files, policy })
  return changePolicy(vault, { space, ...request }, allow)
}

/** Two points: the first takes all tags, the second is kept as a daily one; the third is the last. */
async function threePoints(vault: TestVault) {
  const first = await commitNext(vault, { ids: [] })
  vault.clock.add(hourMs)
  const second = await commitNext(vault, { ids: [] })
  vault.clock.add(hourMs)
  await commitNext(vault, { ids: [] })
  return { first, second }
}

const operator = (vault: TestVault) => ({
  ...vault,
  random: (size: number) => new Uint8Array(size),
})

describe('a policy', () => {
  test('that is longer holds at once, for points that are there too, and needs no PIN', async () => {
    const vault = await vaultWithMachine()
    const { second } = await threePoints(vault)
    expect(await change(vault, keeping({ daily: 60 }), notAsked)).toMatchObject({
      policy: { keep: { daily: 60 } },
      pending: null,
    })
    await passDays(vault, 59)
    expect((await current(vault, second)).state).toBe('kept')
    await passDays(vault, 2)
    expect((await current(vault, second)).state).toBe('deleted')
  })

  test('that is shorter needs a PIN, waits, is in the plan, and then holds for points that are there', async () => {
    const vault = await vaultWithMachine()
    const { second } = await threePoints(vault)
    await expect(change(vault, keeping({ daily: 10 }), refusing)).rejects.toThrow('no PIN')
    expect((await readPolicy(vault, space, files)).policy.keep.daily).toBe(30)
    const { pending } = await change(vault, keeping({ daily: 10 }))
    expect(pending?.from).toBe(startMs + 2 * hourMs + 14 * dayMs)
    const machine = await findMachine(vault.catalog, space.machineId)
    const plan = await planRetention(vault, { machine, days: null })
    const planned = plan.points.find(({ point }) => point.seq === second.seq)
    expect(planned?.deletedAt).toBe(pending?.from)
    await passDays(vault, 13)
    expect((await current(vault, second)).state).toBe('kept')
    await passDays(vault, 2)
    expect((await current(vault, second)).state).toBe('deleted')
    expect(await readPolicy(vault, space, files)).toMatchObject({
      policy: { keep: { daily: 10 } },
      pending: null,
    })
  })

  test('that waits is cancelled, and is by a longer one', async () => {
    const vault = await vaultWithMachine()
    const { second } = await threePoints(vault)
    await change(vault, keeping({ daily: 10 }))
    expect((await cancelPending(vault, space, files)).pending).toBeNull()
    await change(vault, keeping({ daily: 10 }))
    await change(vault, keeping({ daily: 31 }), notAsked)
    await passDays(vault, 29)
    expect((await current(vault, second)).state).toBe('kept')
  })

  test('is the same after the catalog was made anew, also the one that waits', async () => {
    const vault = await vaultWithMachine()
    await threePoints(vault)
    await change(vault, keeping({ yearly: 99 }))
    await change(vault, keeping({ weekly: 4, yearly: 99 }))
    const before = await readPolicy(vault, space, files)
    expect(before.pending).not.toBeNull()
    await rebuildCatalog(vault.catalogPath, { ...vault, signal: new AbortController().signal })
    expect(await readPolicy(vault, space, files)).toEqual(before)
  })

  test.each([
    ['below a floor', keeping({ daily: 6 })],
    ['beyond 99 years', keeping({ yearly: 100 })],
    ['of a time zone that is none', { ...defaultRetention, timeZone: 'Europe/Nowhere' }],
  ])('%s is refused', async (_what, policy) => {
    const vault = await vaultWithMachine()
    await expect(change(vault, policy)).rejects.toMatchObject({ code: 'usage' })
  })

  test('counts for the tags of new points', async () => {
    const vault = await vaultWithMachine()
    await change(vault, { ...keeping({ yearly: 99 }), daysOfWeek: [3, 4] }, notAsked)
    // 2026-11-25 is a Wednesday.
    expect((await commitNext(vault, { ids: [] })).tags).toBe('daily,weekly,monthly,yearly')
    vault.clock.add(dayMs)
    expect((await commitNext(vault, { ids: [] })).tags).toBe('daily,weekly')
    vault.clock.add(dayMs)
    expect((await commitNext(vault, { ids: [] })).tags).toBe('daily')
  })
})

test('a point that is wanted until a time stays so long, whatever the policy', async () => {
  const vault = await vaultWithMachine()
  const { second } = await threePoints(vault)
  await keepPoints(vault, { space, ids: [second.hash], until: startMs + 100 * dayMs })
  await keepPoints(vault, { space, ids: [second.hash], until: startMs + 50 * dayMs })
  await passDays(vault, 99)
  expect((await current(vault, second)).state).toBe('kept')
  await passDays(vault, 2)
  expect((await current(vault, second)).state).toBe('deleted')
  const tooLate = startMs + 200 * 366 * dayMs
  await expect(keepPoints(vault, { space, ids: [second.hash], until: tooLate })).rejects.toThrow(
    '99 years',
  )
})

describe('an immutable vault', () => {
  async function immutableVault(immutability: 'on' | 'locked') {
    const vault = await vaultWithMachine()
    const points = await threePoints(vault)
    const home = await vaultNamed(vault.catalog, 'home')
    await setImmutability(operator(vault), home, immutability)
    return { vault, home, ...points }
  }

  test.each(['on', 'locked'] as const)(
    'that is %s lets nothing be deleted or shortened before its time, with any PIN',
    async (state) => {
      const { vault, home, second } = await immutableVault(state)
      await passDays(vault, 20)
      const ids = [second.hash]
      await expect(deletePoints(vault, { space, ids }, allowed)).rejects.toThrow('is locked until')
      await expect(change(vault, keeping({ daily: 10 }))).rejects.toThrow('immutable')
      await expect(giveUpData(vault, space, allowed)).rejects.toThrow('immutable')
      await setSoftDelete(operator(vault), home, 30)
      await expect(setSoftDelete(operator(vault), home, 20)).rejects.toThrow('immutable')
      await expect(deleteVault(operator(vault), home)).rejects.toThrow('immutable')
      expect((await findMachine(vault.catalog, space.machineId))?.state).toBe('active')
      await passDays(vault, 12)
      expect((await current(vault, second)).state).toBe('deleted')
    },
  )

  test('ends what waits to be shorter', async () => {
    const vault = await vaultWithMachine()
    const { second } = await threePoints(vault)
    await change(vault, keeping({ daily: 10 }))
    const home = await vaultNamed(vault.catalog, 'home')
    await setImmutability(operator(vault), home, 'on')
    await passDays(vault, 20)
    expect((await current(vault, second)).state).toBe('kept')
  })

  test('is made an ordinary one again, but not where it is locked, also not by a new catalog', async () => {
    const { vault, home } = await immutableVault('on')
    await setImmutability(operator(vault), home, 'off')
    await setImmutability(operator(vault), home, 'locked')
    await rebuildCatalog(vault.catalogPath, { ...vault, signal: new AbortController().signal })
    expect((await vaultNamed(vault.catalog, 'home')).immutability).toBe('locked')
    for (const state of ['off', 'on'] as const) {
      await expect(setImmutability(operator(vault), home, state)).rejects.toMatchObject({
        code: 'retention-refused',
      })
    }
  })
})

describe('data that is given up', () => {
  test('goes when its locks end, the last point too, and comes back if it is wanted', async () => {
    const vault = await vaultWithMachine()
    const { first, second } = await threePoints(vault)
    await expect(giveUpData(vault, space, refusing)).rejects.toThrow('no PIN')
    await giveUpData(vault, space, allowed)
    await passDays(vault, 6)
    expect((await current(vault, second)).state).toBe('kept')
    await passDays(vault, 2)
    expect((await current(vault, second)).state).toBe('deleted')
    expect((await current(vault, first)).state).toBe('kept')
    expect(await keepData(vault, space)).toBe(2)
    await passDays(vault, 21)
    expect((await current(vault, second)).state).toBe('kept')
    expect((await findMachine(vault.catalog, space.machineId))?.isGivenUp).toBe(0)
  })

  test('of a whole vault goes with its machines, and is taken back as one', async () => {
    const vault = await vaultWithMachine()
    const { first, second } = await threePoints(vault)
    const home = await vaultNamed(vault.catalog, 'home')
    expect(await deleteVault(operator(vault), home)).toBe(1)
    expect((await findMachine(vault.catalog, space.machineId))?.state).toBe('deleted')
    await passDays(vault, 8)
    expect((await current(vault, second)).state).toBe('deleted')
    expect(await keepVault(operator(vault), home)).toBe(2)
    await giveUpData(vault, space, allowed)
    await passDays(vault, 366 + 15)
    expect((await current(vault, first)).state).toBe('removed')
  })

  test('is not while something is on hold', async () => {
    const vault = await vaultWithMachine()
    const { machineId } = space
    const of = { machineId, source: undefined, seq: undefined }
    await vault.log.append(() => ({ kind: 'hold-set', ...of, note: '' }))
    await expect(giveUpData(vault, space, allowed)).rejects.toThrow('on hold')
  })
})
