/** Two operators have to agree: what passes the gate, once, and what does not. */

import { describe, expect, test } from 'vitest'
import { systemRandom } from '../../../../src/base/bytes.ts'
import { hourMs, minuteMs } from '../../../../src/base/clock.ts'
import { BackupError } from '../../../../src/base/errors.ts'
import { approve } from '../../../../src/vault/approvals/approve.ts'
import {
  makeOperatorKey,
  openOperatorKey,
  parsePublicKey,
  type OperatorKey,
} from '../../../../src/vault/approvals/operator-key.ts'
import {
  approveMessage,
  digestOfRequest,
  type Wanted,
} from '../../../../src/vault/approvals/request.ts'
import { requireApproval } from '../../../../src/vault/approvals/require-approval.ts'
import { listApprovals, listOperators } from '../../../../src/vault/catalog/operators.ts'
import {
  addNewOperator,
  checkNewOperator,
  removeOperatorNamed,
} from '../../../../src/vault/operator/operators.ts'
import { rebuildCatalog } from '../../../../src/vault/rebuild-catalog.ts'
import { openTestVault } from '../../../support/test-vault.ts'

const wanted: Wanted = { operation: 'vault-delete', subject: 'home', text: 'delete all of it' }
const newKey = (): OperatorKey => openOperatorKey(makeOperatorKey(systemRandom).bytes)

/** A service with operators of these names, and what they do. */
async function operated(...names: readonly string[]) {
  const vault = await openTestVault()
  const authority = { serviceId: 'ab'.repeat(16) }
  const context = { ...vault, random: systemRandom, authority }
  const keys = new Map(names.map((name) => [name, newKey()]))
  const keyOf = (name: string): OperatorKey => keys.get(name) ?? newKey()
  for (const name of names)
    await addNewOperator(context, { name, publicKey: keyOf(name).publicKey })
  const pass = (name: string, what = wanted) => requireApproval(context, what, keyOf(name))
  /** The id of the request. */
  const ask = async (name: string, what = wanted): Promise<string> => {
    const error: unknown = await pass(name, what).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'approval-required' })
    return error instanceof BackupError ? String(error.facts?.['requestId']) : ''
  }
  const approveAs = (name: string, id: string) => approve(context, id, keyOf(name))
  return { vault, context, keyOf, pass, ask, approveAs }
}

const refused = { code: 'approval-refused' }
const required = { code: 'approval-required' }

describe('the gate', () => {
  test.each([[[]], [['ann']]])(
    'is open while there are fewer than two operators: %j',
    async (names) => {
      const { context } = await operated(...names)
      await requireApproval(context, wanted, undefined)
      expect(await listApprovals(context.catalog)).toEqual([])
    },
  )

  test('passes what a second one signed: once, for who asked, and for nothing else', async () => {
    const { context, pass, ask, approveAs } = await operated('ann', 'bob', 'cleo')
    await expect(requireApproval(context, wanted, undefined)).rejects.toMatchObject(required)
    const id = await ask('ann')
    expect(await ask('ann')).toBe(id)
    await approveAs('bob', id)
    for (const other of [
      { ...wanted, operation: 'machine-delete' },
      { ...wanted, subject: 'office' },
      { ...wanted, text: 'delete a little of it' },
    ] as const) {
      await expect(pass('ann', other)).rejects.toMatchObject(required)
    }
    await expect(pass('bob')).rejects.toMatchObject(required)
    await expect(pass('cleo')).rejects.toMatchObject(required)
    await pass('ann')
    await expect(pass('ann')).rejects.toMatchObject(required)
    await expect(approveAs('cleo', id)).rejects.toMatchObject(refused)
  })

  test('can be passed by one of two who ask it at once', async () => {
    const { pass, ask, approveAs } = await operated('ann', 'bob')
    await approveAs('bob', await ask('ann'))
    const ends = await Promise.allSettled([pass('ann'), pass('ann'), pass('ann')])
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  test('is closed again after a day, approved or not', async () => {
    const { vault, pass, ask, approveAs } = await operated('ann', 'bob')
    const [first, second] = [await ask('ann'), await ask('ann', { ...wanted, subject: 'office' })]
    await approveAs('bob', first)
    vault.clock.set(vault.clock.now() + 24 * hourMs)
    await expect(pass('ann')).rejects.toMatchObject(required)
    await expect(approveAs('bob', second)).rejects.toMatchObject(refused)
    expect(await ask('ann')).not.toBe(first)
  })
})

describe('an approval', () => {
  test('is no thing of who asked, nor of a stranger, nor of both at once', async () => {
    const { pass, ask, approveAs } = await operated('ann', 'bob')
    const id = await ask('ann')
    await expect(approveAs('ann', id)).rejects.toMatchObject(refused)
    await expect(approveAs('mallory', id)).rejects.toMatchObject(refused)
    await expect(pass('mallory')).rejects.toMatchObject(refused)
    await expect(pass('ann')).rejects.toMatchObject(required)
  })

  test('of somebody who was removed since counts no more, nor does what he asked for', async () => {
    const { context, keyOf, pass, ask, approveAs } = await operated('ann', 'bob', 'cleo')
    await approveAs('bob', await ask('ann'))
    const asked = await ask('bob')
    await removeOperatorNamed(context, 'bob')
    await expect(pass('ann')).rejects.toMatchObject(required)
    await expect(approveAs('cleo', asked)).rejects.toMatchObject(refused)
    await addNewOperator(context, { name: 'bob', publicKey: newKey().publicKey })
    await expect(pass('ann')).rejects.toMatchObject(required)
    await expect(approveAs('cleo', asked)).rejects.toMatchObject(refused)
    expect(keyOf('bob').publicKey).toHaveLength(32)
  })

  test.each([
    ['who signed is exchanged', { approvedBy: 'cleo' }],
    ['the subject is another', { subject: 'office' }],
    ['the time is longer', { expiresAt: Date.parse('2030-01-01') }],
    ['the signature is of other bytes', { approval: new Uint8Array(64) }],
  ])('that was changed in the catalog is worth nothing: %s', async (_, change) => {
    const { context, pass, ask, approveAs } = await operated('ann', 'bob', 'cleo')
    await approveAs('bob', await ask('ann'))
    await context.catalog.updateTable('approvals').set(change).execute()
    const what = 'subject' in change ? { ...wanted, subject: change.subject } : wanted
    await expect(pass('ann', what)).rejects.toMatchObject(required)
  })

  test('is good for no other service and no other request', async () => {
    const { context, keyOf, pass, ask, approveAs } = await operated('ann', 'bob')
    await approveAs('bob', await ask('ann'))
    await pass('ann')
    const [used] = await listApprovals(context.catalog)
    await ask('ann')
    const { approvedBy, approval, approvedAt } = used ?? {}
    const replayed = {
      approvedBy: approvedBy ?? '',
      approval: approval ?? null,
      approvedAt: approvedAt ?? 0,
    }
    await context.catalog
      .updateTable('approvals')
      .set(replayed)
      .where('usedAt', 'is', null)
      .execute()
    await expect(pass('ann')).rejects.toMatchObject(required)
    const [waiting] = await listApprovals(context.catalog)
    if (waiting === undefined) throw new Error('no request')
    const elsewhere = digestOfRequest('cd'.repeat(16), waiting)
    const foreign = { approval: keyOf('bob').sign(approveMessage(elsewhere)), approvedBy: 'bob' }
    await context.catalog
      .updateTable('approvals')
      .set(foreign)
      .where('usedAt', 'is', null)
      .execute()
    await expect(pass('ann')).rejects.toMatchObject(required)
  })
})

describe('operators', () => {
  test('have a name and a key each, none twice', async () => {
    const { context, keyOf } = await operated('ann')
    const { publicKey } = keyOf('ann')
    await expect(checkNewOperator(context, { name: 'bob', publicKey })).rejects.toMatchObject({
      code: 'already-exists',
    })
    const again = { name: 'ann', publicKey: newKey().publicKey }
    await expect(addNewOperator(context, again)).rejects.toMatchObject({ code: 'already-exists' })
    await expect(addNewOperator(context, { ...again, name: 'A\n' })).rejects.toMatchObject({
      code: 'usage',
    })
    expect(() => parsePublicKey('AAAA')).toThrow(BackupError)
    expect(() => openOperatorKey(Buffer.from('{"seed":"x"}'))).toThrow(BackupError)
  })

  test('and what they signed are the same after the catalog is made anew', async () => {
    const { vault, context, pass, ask, approveAs } = await operated('ann', 'bob', 'cleo')
    await approveAs('bob', await ask('ann'))
    await pass('ann')
    vault.clock.set(vault.clock.now() + minuteMs)
    await approveAs('cleo', await ask('ann', { ...wanted, subject: 'office' }))
    await removeOperatorNamed(context, 'bob')
    const before = [await listOperators(vault.catalog), await listApprovals(vault.catalog)]
    await vault.catalog.deleteFrom('operators').execute()
    await vault.catalog.updateTable('approvals').set({ usedAt: null }).execute()
    const signal = new AbortController().signal
    await rebuildCatalog(vault.catalogPath, { ...vault, signal })
    const after = [await listOperators(vault.catalog), await listApprovals(vault.catalog)]
    expect(after).toEqual(before)
    await pass('ann', { ...wanted, subject: 'office' })
    await expect(pass('ann')).rejects.toMatchObject(required)
  })
})
