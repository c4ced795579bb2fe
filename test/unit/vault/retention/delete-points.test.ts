import { describe, expect, test } from 'vitest'
import { dayMs, hourMs } from '../../../../src/base/clock.ts'
import { BackupError } from '../../../../src/base/errors.ts'
import { parseMachineId, parseRecordHash, parseSourceName } from '../../../../src/model/ids.ts'
import { deletePoints, undeletePoints } from '../../../../src/vault/retention/delete-points.ts'
import { applyRetention } from '../../../../src/vault/retention/expire.ts'
import { commitNext, current, passDays } from '../../../support/committed-points.ts'
import { openTestVault, register, space } from '../../../support/test-vault.ts'

const allowed = () => Promise.resolve()
const forbidden = () => Promise.reject(new BackupError('pin-required', 'no'))

/** Three points; the second is without tag, so it is locked for 7 days and kept for 30. */
async function withPoints() {
  const vault = await openTestVault()
  await register(vault)
  const first = await commitNext(vault)
  vault.clock.add(hourMs)
  const untagged = await commitNext(vault)
  const last = await commitNext(vault)
  return { vault, first, untagged, last }
}

const only = (...points: { hash: ReturnType<typeof parseRecordHash> }[]) => ({
  space,
  ids: points.map(({ hash }) => hash),
})

describe('deleting a point', () => {
  test('is refused while it is locked, whoever allows it', async () => {
    const { vault, untagged } = await withPoints()
    await passDays(vault, 6)
    await expect(deletePoints(vault, only(untagged), allowed)).rejects.toMatchObject({
      code: 'retention-refused',
      message: expect.stringContaining('locked until') as string,
    })
    await passDays(vault, 1)
    await deletePoints(vault, only(untagged), allowed)
    expect(await current(vault, untagged)).toMatchObject({
      state: 'deleted',
      deletedUntil: vault.clock.now() + 14 * dayMs,
    })
  })

  test('is not unlocked by a clock that jumps ahead', async () => {
    const { vault, untagged } = await withPoints()
    await passDays(vault, 1)
    vault.clock.add(3_650 * dayMs)
    await expect(deletePoints(vault, only(untagged), allowed)).rejects.toMatchObject({
      code: 'retention-refused',
    })
    await applyRetention(vault)
    await expect(deletePoints(vault, only(untagged), allowed)).rejects.toMatchObject({
      code: 'retention-refused',
    })
  })

  test('needs what allows it, and without it changes nothing', async () => {
    const { vault, untagged } = await withPoints()
    await passDays(vault, 8)
    await expect(deletePoints(vault, only(untagged), forbidden)).rejects.toMatchObject({
      code: 'pin-required',
    })
    expect(await current(vault, untagged)).toMatchObject({ state: 'kept' })
  })

  test('that is repeated needs nothing, and does not prolong its end', async () => {
    const { vault, untagged } = await withPoints()
    await passDays(vault, 8)
    const [deleted] = await deletePoints(vault, only(untagged), allowed)
    await passDays(vault, 3)
    expect(await deletePoints(vault, only(untagged), forbidden)).toEqual([deleted])
  })

  test('on hold is refused', async () => {
    const { vault, untagged } = await withPoints()
    await passDays(vault, 8)
    const { machineId } = space
    const place = { machineId, source: undefined, seq: undefined }
    await vault.log.append(() => ({ kind: 'hold-set', ...place, note: '' }))
    await expect(deletePoints(vault, only(untagged), allowed)).rejects.toMatchObject({
      code: 'retention-refused',
      message: expect.stringContaining('on hold') as string,
    })
  })

  test('of several, one of them locked, deletes none', async () => {
    const { vault, first, untagged } = await withPoints()
    await passDays(vault, 8)
    await expect(deletePoints(vault, only(first, untagged), allowed)).rejects.toMatchObject({
      code: 'retention-refused',
    })
    expect(await current(vault, untagged)).toMatchObject({ state: 'kept' })
  })

  test('of several sources deletes all of them', async () => {
    const { vault, untagged } = await withPoints()
    const source = parseSourceName('other')
    await commitNext(vault, { source })
    const other = await commitNext(vault, { source })
    await passDays(vault, 8)
    const deleted = await deletePoints(vault, only(untagged, other), allowed)
    expect(deleted.map(({ state }) => state)).toEqual(['deleted', 'deleted'])
  })

  test('of another machine is told as one that is not there', async () => {
    const { vault, untagged } = await withPoints()
    await passDays(vault, 8)
    const foreign = { ...space, machineId: parseMachineId('66'.repeat(16)) }
    for (const of of [
      { space: foreign, ids: [untagged.hash] },
      { space, ids: [parseRecordHash('0'.repeat(64))] },
    ]) {
      await expect(deletePoints(vault, of, allowed)).rejects.toMatchObject({
        code: 'unknown-point',
      })
      await expect(undeletePoints(vault, of)).rejects.toMatchObject({ code: 'unknown-point' })
    }
    expect(await current(vault, untagged)).toMatchObject({ state: 'kept' })
  })

  test('leaves the next commit its place: the chain goes on', async () => {
    const { vault, last } = await withPoints()
    await passDays(vault, 8)
    await deletePoints(vault, only(last), allowed)
    await passDays(vault, 14)
    expect(await current(vault, last)).toMatchObject({ state: 'removed' })
    expect(await commitNext(vault)).toMatchObject({ seq: 4 })
  })
})

describe('a deleted point', () => {
  test('can be taken back until its time is over, and not after', async () => {
    const { vault, untagged } = await withPoints()
    await passDays(vault, 8)
    await deletePoints(vault, only(untagged), allowed)
    await passDays(vault, 13)
    const [back] = await undeletePoints(vault, only(untagged))
    expect(back).toMatchObject({ state: 'kept', deletedUntil: null })
    await deletePoints(vault, only(untagged), allowed)
    await passDays(vault, 14)
    await expect(undeletePoints(vault, only(untagged))).rejects.toMatchObject({
      code: 'retention-refused',
    })
    await expect(deletePoints(vault, only(untagged), allowed)).rejects.toMatchObject({
      code: 'retention-refused',
    })
  })
})
