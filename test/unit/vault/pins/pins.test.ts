import { describe, expect, test } from 'vitest'
import { systemRandom, toHex, utf8 } from '../../../../src/base/bytes.ts'
import { minuteMs } from '../../../../src/base/clock.ts'
import { errorCodeOf } from '../../../../src/base/errors.ts'
import { parseMachineId } from '../../../../src/model/ids.ts'
import { findPin, findPinRequests, savePinRequest } from '../../../../src/vault/catalog/pins.ts'
import { issuePin } from '../../../../src/vault/pins/issue-pin.ts'
import { newPin } from '../../../../src/vault/pins/pin.ts'
import { digestOf, type GuardedRequest } from '../../../../src/vault/pins/request.ts'
import { requirePin } from '../../../../src/vault/pins/require-pin.ts'
import { commitNext } from '../../../support/committed-points.ts'
import { openTestVault, register, space, startMs } from '../../../support/test-vault.ts'

const messageOf = (error: unknown) => (error instanceof Error ? error.message : '')

/** A vault with a point, and a request to delete it that was refused for want of a PIN. */
async function waiting() {
  const vault = await openTestVault()
  await register(vault)
  const operator = { ...vault, random: systemRandom }
  const point = await commitNext(vault)
  const body = utf8(JSON.stringify({ points: [point.hash] }))
  const request: GuardedRequest = { space, operation: 'points-delete', body }
  const ask = (pin?: string, other: Partial<GuardedRequest> = {}) =>
    requirePin(vault, { ...request, ...other }, pin)
  const code = await ask().catch((error: unknown) => {
    if (errorCodeOf(error) !== 'pin-required') throw error
    return (error as { facts: { requestCode: string } }).facts.requestCode
  })
  if (code === undefined) throw new Error('It passed without a PIN.')
  return { vault, operator, point, request, ask, code }
}

const otherThan = (pin: string): string => (pin === '00000000' ? '00000001' : '00000000')
const refused = (why: RegExp) => ({
  code: 'pin-refused',
  message: expect.stringMatching(why) as string,
})

describe('a PIN', () => {
  test('is 8 digits, and the operator is told what it allows', async () => {
    const { operator, point, code } = await waiting()
    expect(code).toMatch(/^[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}$/)
    const given = await issuePin(operator, code)
    expect(given).toMatchObject({
      machine: 'laptop',
      vault: 'home',
      operation: 'points-delete',
      allows: 'delete 1 recovery point before the time that its retention ends',
      details: [expect.stringContaining(point.hash.slice(0, 12)) as string],
      expiresAt: startMs + 5 * minuteMs,
    })
    expect(given.pin).toMatch(/^[0-9]{8}$/)
  })

  test('lets its request pass once', async () => {
    const { operator, ask, code } = await waiting()
    const { pin } = await issuePin(operator, code)
    await ask(pin)
    await expect(ask(pin)).rejects.toMatchObject(refused(/used already/))
  })

  test('of two requests with it at once lets one pass', async () => {
    const { operator, ask, code } = await waiting()
    const { pin } = await issuePin(operator, code)
    const results = await Promise.allSettled([ask(pin), ask(pin), ask(pin)])
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  test('ends after five minutes', async () => {
    const { vault, operator, ask, code } = await waiting()
    const first = await issuePin(operator, code)
    vault.clock.add(5 * minuteMs)
    await expect(ask(first.pin)).rejects.toMatchObject(refused(/expired/))
    const second = await issuePin(operator, code)
    vault.clock.add(5 * minuteMs - 1)
    await ask(second.pin)
  })

  test('is worth nothing for another machine, operation or body', async () => {
    const { operator, ask, code } = await waiting()
    const { pin } = await issuePin(operator, code)
    const others: Partial<GuardedRequest>[] = [
      { space: { ...space, machineId: parseMachineId('66'.repeat(16)) } },
      { operation: 'slot-add' },
      { body: utf8('{"points":[]}') },
    ]
    for (const other of others) {
      await expect(ask(pin, other)).rejects.toMatchObject(refused(/none was given/))
    }
    await ask(pin)
  })

  test('dies with the fifth wrong try, however many come at once', async () => {
    const { vault, operator, request, ask, code } = await waiting()
    const { pin } = await issuePin(operator, code)
    const tries = await Promise.allSettled(Array.from({ length: 9 }, () => ask(otherThan(pin))))
    const reasons = tries.map((one) => (one.status === 'rejected' ? messageOf(one.reason) : ''))
    expect(reasons.filter((text) => text.includes('it is wrong'))).toHaveLength(5)
    await expect(ask(pin)).rejects.toMatchObject(refused(/5 wrong ones/))
    expect(await findPin(vault.catalog, toHex(digestOf(request)))).toMatchObject({ tries: 5 })
    await ask((await issuePin(operator, code)).pin)
  })

  test('counts its tries, and that it was used, also for a catalog that is made anew', async () => {
    const { vault, operator, request, ask, code } = await waiting()
    const { pin } = await issuePin(operator, code)
    await expect(ask(otherThan(pin))).rejects.toMatchObject(refused(/wrong/))
    await ask(pin)
    const anew = await openTestVault({
      directory: vault.directory,
      signer: vault.signer,
      catalogName: 'another.sqlite',
    })
    await anew.log.catchUp()
    await expect(requirePin(anew, request, pin)).rejects.toMatchObject(refused(/used already/))
    const digest = toHex(digestOf(request))
    expect(await findPin(anew.catalog, digest)).toMatchObject({ tries: 1, usedAt: startMs })
  })

  test('is nowhere in the vault: only a hash of it is', async () => {
    const { vault, operator, code } = await waiting()
    const { pin } = await issuePin(operator, code)
    const rows = await vault.catalog.selectFrom('pins').selectAll().execute()
    expect(
      JSON.stringify(rows.map((row) => Buffer.from(row.hash).toString('latin1'))),
    ).not.toContain(pin)
    for await (const { key } of vault.store.list('records/')) {
      const { body } = await vault.store.read(key)
      const bytes = Buffer.concat(await body.toArray())
      expect(bytes.includes(pin)).toBe(false)
    }
  })

  test.each(['', '1234567', '123456789', 'abcdefgh', '１２３４５６７８'])(
    'can not be %j',
    async (pin) => {
      const { vault, ask, operator, code } = await waiting()
      await issuePin(operator, code)
      await expect(ask(pin)).rejects.toMatchObject(refused(/not 8 digits/))
      expect(await vault.catalog.selectFrom('pins').select('tries').execute()).toEqual([
        { tries: 0 },
      ])
    },
  )

  test('has any of its digits', () => {
    const pins = Array.from({ length: 2_000 }, () => newPin(systemRandom))
    for (let at = 0; at < 8; at++) {
      expect(new Set(pins.map((pin) => pin[at])).size).toBe(10)
    }
  })
})

describe('a request code', () => {
  test.each(['', 'zzzz', '1234-5678', '1234-5678-9abc-def0', '%%%%%%%%%%%%'])(
    'is not %j',
    async (code) => {
      const { operator } = await waiting()
      await expect(issuePin(operator, code)).rejects.toMatchObject({ code: 'usage' })
    },
  )

  test('that nobody asked with is told so', async () => {
    const { operator } = await waiting()
    await expect(issuePin(operator, '0000-0000-0000')).rejects.toMatchObject({ code: 'not-found' })
  })

  test('that fits two requests allows neither', async () => {
    const { vault, operator, code } = await waiting()
    const digest = code.replaceAll('-', '').padEnd(64, 'f')
    const twin = { digest, machineId: space.machineId, operation: 'points-delete' }
    await savePinRequest(vault.catalog, { ...twin, body: utf8('{}'), askedAt: startMs })
    await expect(issuePin(operator, code)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('Two requests') as string,
    })
  })

  test('is forgotten after twenty others of the machine: a flood takes no room', async () => {
    const { vault, ask, code } = await waiting()
    for (let count = 0; count < 30; count++) {
      vault.clock.add(1)
      await expect(ask(undefined, { body: utf8(`{"${count}":1}`) })).rejects.toMatchObject({
        code: 'pin-required',
      })
    }
    expect(await findPinRequests(vault.catalog, '')).toHaveLength(20)
    expect(await findPinRequests(vault.catalog, code.replaceAll('-', ''))).toEqual([])
  })
})
