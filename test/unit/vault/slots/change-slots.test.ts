/** Changes of key slots that are stopped halfway, repeated, or come too late. */

import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { toBase64Url } from '../../../../src/base/bytes.ts'
import { dayMs } from '../../../../src/base/clock.ts'
import { encodeSlot } from '../../../../src/model/slot.ts'
import { sightClock } from '../../../../src/vault/clock/vault-time.ts'
import { changeSlots } from '../../../../src/vault/slots/change-slots.ts'
import { slotNumbers } from '../../../../src/vault/slots/live-slots.ts'
import { purgeSlots } from '../../../../src/vault/slots/purge-slots.ts'
import { numberedFolder, numberName } from '../../../../src/vault/objects/keys.ts'
import { openTestVault, register, space, startMs } from '../../../support/test-vault.ts'

const slotOf = (number: number) =>
  encodeSlot({
    argon2: { memoryKiB: 262_144, passes: 3, lanes: 1 },
    salt: randomBytes(32),
    ...space,
    ...{ repository: 0, repositoryId: new Uint8Array(32), slot: number },
    ...{ authPublicKey: new Uint8Array(32), createdMs: startMs },
    ...{ sealedMasterKey: new Uint8Array(48), commitment: new Uint8Array(32) },
  })

const keyOf = (number: number) => numberedFolder(space, 0, 'slots') + numberName(number)

/** A machine with slot 0, and a change that puts slot 1 in its place. */
async function changing() {
  const vault = await openTestVault()
  await register(vault)
  await vault.store.create(keyOf(0), slotOf(0))
  const add = { number: 1, slot: toBase64Url(slotOf(1)) }
  const wanted = { space, repository: 0, change: { add, remove: [0] } }
  let allowed = 0
  const allow = () => {
    allowed += 1
    return Promise.resolve()
  }
  return { vault, wanted, allow, allowed: () => allowed, live: () => liveOf(vault) }
}

const liveOf = async (vault: Awaited<ReturnType<typeof openTestVault>>) =>
  (await slotNumbers(vault, space, 0)).live

describe('a change of key slots', () => {
  test('leaves both slots where it stops after the new one, and ends when it is repeated', async () => {
    const { vault, wanted, allow, live } = await changing()
    const log = { ...vault.log, append: () => Promise.reject(new Error('power cut')) }
    await expect(changeSlots({ ...vault, log }, wanted, allow)).rejects.toThrow('power cut')
    expect(await live()).toEqual([0, 1])
    await changeSlots(vault, wanted, allow)
    expect(await live()).toEqual([1])
  })

  test('leaves the old slot alone where it stops before the new one is stored', async () => {
    const { vault, wanted, allow, live } = await changing()
    const store = { ...vault.store, create: () => Promise.reject(new Error('power cut')) }
    await expect(changeSlots({ ...vault, store }, wanted, allow)).rejects.toThrow('power cut')
    expect(await live()).toEqual([0])
  })

  test('whose answer was lost is repeated without another PIN', async () => {
    const { vault, wanted, allow, allowed } = await changing()
    await changeSlots(vault, wanted, allow)
    const again = await changeSlots(vault, wanted, allow)
    expect(again).toEqual({ live: [1], next: 2 })
    expect(allowed()).toBe(1)
  })

  test('does nothing without the PIN', async () => {
    const { vault, wanted, live } = await changing()
    const refuse = () => Promise.reject(new Error('no PIN'))
    await expect(changeSlots(vault, wanted, refuse)).rejects.toThrow('no PIN')
    expect(await live()).toEqual([0])
  })

  test('never takes the last slot, nor a number that was used', async () => {
    const { vault, wanted, allow, live } = await changing()
    const last = { ...wanted, change: { add: null, remove: [0] } }
    await expect(changeSlots(vault, last, allow)).rejects.toMatchObject({ code: 'usage' })
    await changeSlots(vault, wanted, allow)
    const other = { number: 1, slot: toBase64Url(slotOf(1)) }
    const again = { ...wanted, change: { add: other, remove: [] } }
    await expect(changeSlots(vault, again, allow)).rejects.toMatchObject({ facts: { next: 2 } })
    expect(await live()).toEqual([1])
  })

  test('purges the old slot after the time for which points can be taken back', async () => {
    const { vault, wanted, allow } = await changing()
    await changeSlots(vault, wanted, allow)
    const goOn = async (days: number) => {
      for (let day = 0; day < days; day++) {
        vault.clock.add(dayMs)
        await sightClock(vault)
      }
    }
    await goOn(13)
    expect(await purgeSlots(vault)).toBe(0)
    expect(await vault.store.stat(keyOf(0))).toBeDefined()
    await goOn(2)
    expect(await purgeSlots(vault)).toBe(1)
    expect(await vault.store.stat(keyOf(0))).toBeUndefined()
    expect(await slotNumbers(vault, space, 0)).toEqual({ live: [1], next: 2 })
  })
})
