import { describe, expect, test } from 'vitest'
import { dayMs, hourMs, settableClock } from '../../../../src/base/clock.ts'
import { parseObjectId, type ObjectId } from '../../../../src/model/ids.ts'
import { renewingUploads } from '../../../../src/agent/backup/renewing-uploads.ts'
import { createUploads } from '../../../../src/repository/uploads.ts'
import { addObjects } from '../../../../src/vault/catalog/objects.ts'
import { collect } from '../../../../src/vault/collection/collect.ts'
import { renewObjects } from '../../../../src/vault/catalog/objects.ts'
import { presentObjects } from '../../../../src/vault/objects/presence.ts'
import { bringBack } from '../../../../src/vault/objects/trash.ts'
import { commitNext } from '../../../support/committed-points.ts'
import { createMemoryVault } from '../../../support/memory-vault.ts'
import {
  bytesOf,
  idOf,
  keyIn,
  openTestVault,
  register,
  space,
} from '../../../support/test-vault.ts'

const number = 0
const some = (digit: string): ObjectId => parseObjectId(digit.repeat(64))

describe('a run that takes long', () => {
  test('asks each week for all that it has sent and counts on, and not more often', async () => {
    const clock = settableClock(1_000)
    const vault = createMemoryVault()
    const asked: (readonly ObjectId[])[] = []
    const connection = {
      ...vault,
      missing: (_number: number, ids: readonly ObjectId[]) => {
        asked.push(ids)
        return Promise.resolve([some('b')].filter((id) => ids.includes(id)))
      },
    }
    const sending = createUploads(connection, { repository: number })
    const uploads = renewingUploads(sending, { connection, number, clock })
    expect(await uploads.countOn([some('a'), some('b')])).toEqual([some('b')])
    for (let day = 0; day < 15; day++) {
      clock.add(dayMs)
      const bytes = bytesOf('data', 100)
      await uploads.put({ kind: 'data', id: idOf(bytes), bytes })
      await uploads.settle()
    }
    expect(asked.map((ids) => ids.length)).toEqual([2, 1 + 6, 1 + 13])
    expect(asked.at(-1)).not.toContain(some('b'))
  })

  test('commits after 60 days, although the vault collects each day what is older than 30', async () => {
    const vault = await openTestVault()
    await register(vault)
    const place = { space, repository: 0 }
    const at = { machineId: space.machineId, repository: 0 }
    const { clock } = vault
    /** As the vault's routes do it. */
    const connection = {
      ...createMemoryVault(),
      putObject: async (_number: number, { id, bytes }: { id: ObjectId; bytes: Uint8Array }) => {
        await vault.store.create(keyIn('data', id), bytes)
        const [receivedAt, askedAt] = [clock.now(), clock.now()]
        const sent = { id, kind: 'data' as const, sizeBytes: bytes.length, receivedAt, askedAt }
        await addObjects(vault.catalog, at, [sent])
        return 'stored' as const
      },
      missing: async (_number: number, ids: readonly ObjectId[]) => {
        const present = await presentObjects(vault, place, ids)
        await bringBack(vault, place, ids)
        await renewObjects(vault.catalog, at, { ids: [...present.keys()], nowMs: clock.now() })
        return ids.filter((id) => !present.has(id))
      },
    }
    const sending = createUploads(connection, { repository: number })
    const uploads = renewingUploads(sending, { connection, number, clock })
    const ids: ObjectId[] = []
    for (let day = 0; day < 60; day++) {
      clock.add(dayMs)
      const bytes = bytesOf('data', 500)
      ids.push(idOf(bytes))
      await uploads.put({ kind: 'data', id: idOf(bytes), bytes })
      await uploads.settle()
      await collect(vault)
    }
    clock.add(hourMs)
    expect((await commitNext(vault, { ids: ids.sort() })).seq).toBe(1)
  })
})
