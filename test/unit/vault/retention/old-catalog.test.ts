/** A catalog that is lost, or exchanged for a copy of a month ago, forgets no promise: the log and the store have them all. */

import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { dayMs } from '../../../../src/base/clock.ts'
import { defaultRetention } from '../../../../src/policy/retention.ts'
import { retentionRequestSchema } from '../../../../src/protocol/messages.ts'
import { findCertificate } from '../../../../src/vault/catalog/certificates.ts'
import { vaultNamed } from '../../../../src/vault/catalog/vaults.ts'
import { collect } from '../../../../src/vault/collection/collect.ts'
import { setImmutability } from '../../../../src/vault/operator/immutability.ts'
import { reconcilePoints } from '../../../../src/vault/points/reconcile.ts'
import {
  changePolicy,
  keepPoints,
  readPolicy,
} from '../../../../src/vault/retention/change-policy.ts'
import { deletePoints } from '../../../../src/vault/retention/delete-points.ts'
import { planRetention } from '../../../../src/vault/retention/plan.ts'
import { commitNext, passDays } from '../../../support/committed-points.ts'
import {
  files,
  fingerprint,
  openTestVault,
  register,
  space,
  startMs,
  type TestVault,
} from '../../../support/test-vault.ts'

const allowed = () => Promise.resolve()
const operator = (vault: TestVault) => ({
  ...vault,
  random: (size: number) => new Uint8Array(size),
})

/** All that the vault promises: each point with its end and reasons, policies, the lock, who is refused. */
async function promises(vault: TestVault) {
  const plan = await planRetention(vault, { days: null })
  const points = plan.points.map(({ point, deletedAt, removedAt, reasons }) => ({
    ...{ seq: point.seq, tags: point.tags, state: point.state },
    ...{ deletedAt, removedAt, reasons },
  }))
  return {
    points: points.sort((a, b) => a.seq - b.seq),
    policy: await readPolicy(vault, space, files),
    home: await vaultNamed(vault.catalog, 'home'),
    revokedAt: (await findCertificate(vault.catalog, fingerprint))?.revokedAt,
  }
}

test.each(['lost', 'a month old'])(
  'a catalog that is %s shortens nothing',
  { timeout: 120_000 },
  async (what) => {
    const vault = await openTestVault()
    await register(vault)
    const first = await commitNext(vault)
    for (let day = 0; day < 9; day++) {
      await passDays(vault, 1)
      await commitNext(vault, { ids: [] })
    }
    const copy = join(vault.directory, 'older.sqlite')
    await sql.raw(`vacuum into '${copy}'`).execute(vault.catalog)

    const keep = { daily: 90, weekly: 20, monthly: 12, yearly: 30 }
    const policy = { ...defaultRetention, keep }
    await changePolicy(
      vault,
      { space, ...retentionRequestSchema.parse({ source: files, policy }) },
      allowed,
    )
    await keepPoints(vault, { space, ids: [first.hash], until: startMs + 5_000 * dayMs })
    const { machineId } = space
    const of = { machineId, source: files, seq: 3 }
    await vault.log.append(() => ({ kind: 'hold-set', ...of, note: 'audit' }))
    const home = await vaultNamed(vault.catalog, 'home')
    await setImmutability(operator(vault), home, 'locked')
    for (let day = 0; day < 30; day++) {
      await passDays(vault, 1)
      await commitNext(vault, { ids: [] })
      await collect(vault)
    }
    await vault.log.append(() => ({ kind: 'certificate-revoked', fingerprint }))
    const before = await promises(vault)

    const name = 'another.sqlite'
    if (what === 'a month old') copyFileSync(copy, join(vault.directory, name))
    const { directory, signer } = vault
    const again = await openTestVault({ directory, signer, catalogName: name })
    again.clock.set(vault.clock.now())
    await again.log.verify()
    await again.log.catchUp()
    await reconcilePoints(again)
    expect(await promises(again)).toEqual(before)
    expect(before.home.immutability).toBe('locked')
    expect(before.revokedAt).not.toBeNull()
    await expect(deletePoints(again, { space, ids: [first.hash] }, allowed)).rejects.toThrow(
      'locked',
    )
    // What is a month old has seen the clock a month ago: nothing goes before somebody confirms it.
    await passDays(again, 1)
    for (const { state } of (await promises(again)).points) expect(state).toBe('kept')
  },
)
