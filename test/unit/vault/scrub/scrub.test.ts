import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseObjectId, type ObjectId, type ObjectKind } from '../../../../src/model/ids.ts'
import { eventsAfter } from '../../../../src/vault/catalog/events.ts'
import { findObjects, pageOfObjects } from '../../../../src/vault/catalog/objects.ts'
import { countDamaged } from '../../../../src/vault/catalog/damaged-objects.ts'
import { presentObjects } from '../../../../src/vault/objects/presence.ts'
import { readWhole } from '../../../../src/vault/objects/object-store.ts'
import { reconcileObjects } from '../../../../src/vault/points/reconcile.ts'
import { rebuildCatalog } from '../../../../src/vault/rebuild-catalog.ts'
import { recordSound } from '../../../../src/vault/scrub/damage-records.ts'
import { damagedPoints } from '../../../../src/vault/scrub/damaged-points.ts'
import { scrub, scrubIfDue } from '../../../../src/vault/scrub/scrub.ts'
import { commitNext } from '../../../support/committed-points.ts'
import { bytesOf, keyIn, openTestVault, put, register, space } from '../../../support/test-vault.ts'

const place = { space, repository: 0 }
const at = { machineId: space.machineId, repository: 0 }
const { signal } = new AbortController()
const all = { signal, mostBytes: Infinity }

async function vaultWithPoint() {
  const vault = await openTestVault()
  await register(vault)
  const bytes = bytesOf('data')
  const data = await put(vault.store, 'data', bytes)
  const tree = await put(vault.store, 'tree')
  await commitNext(vault, { ids: [data, tree].sort() })
  await reconcileObjects(vault, signal)
  const flip = (root: 'objects' | 'copies', kind: ObjectKind, id: ObjectId) => {
    const path = join(vault.directory, root, keyIn(kind, id))
    const found = readFileSync(path)
    found[100] = (found[100] ?? 0) ^ 1
    writeFileSync(path, found)
  }
  return { vault, data, bytes, tree, flip }
}

describe('the scrub', () => {
  test('finds nothing in a vault that is whole, and knows that a round is over', async () => {
    const { vault } = await vaultWithPoint()
    const found = await scrub(vault, all)
    expect(found).toMatchObject({ healed: [], damaged: [], isRoundOver: true })
    expect(found.files).toBeGreaterThan(6)
    expect(await scrubIfDue(vault, signal)).toBeUndefined()
  })

  test('marks a damaged pack: no commit counts on it, no list has it, an event tells, its bytes stay', async () => {
    const { vault, data, flip } = await vaultWithPoint()
    flip('objects', 'data', data)
    expect((await scrub(vault, all)).damaged).toEqual([keyIn('data', data)])
    expect((await presentObjects(vault, place, [data])).size).toBe(0)
    const page = { after: undefined, kind: 'data', limit: 10 } as const
    expect(await pageOfObjects(vault.catalog, at, page)).toEqual([])
    const told = await eventsAfter(vault.catalog, space.machineId, 0)
    expect(told).toMatchObject([{ kind: 'damaged', id: data }])
    expect(await readWhole(vault.store, keyIn('data', data), 10_000)).toHaveLength(2_000)
    await scrub(vault, all)
    expect(await eventsAfter(vault.catalog, space.machineId, 0)).toHaveLength(1)
    expect(await countDamaged(vault.catalog)).toBe(1)
  })

  test('takes the mark away when the bytes are whole again', async () => {
    const { vault, data, bytes, flip } = await vaultWithPoint()
    flip('objects', 'data', data)
    await scrub(vault, all)
    await vault.store.create(keyIn('data', data), bytes)
    expect((await scrub(vault, all)).damaged).toEqual([])
    expect((await findObjects(vault.catalog, at, [data])).get(data)?.state).toBe('live')
  })

  test('tells which points need what is damaged, also with a catalog that was made anew', async () => {
    const { vault, data, bytes, flip } = await vaultWithPoint()
    const other = await put(vault.store, 'data')
    await commitNext(vault, { ids: [other] })
    await commitNext(vault, { ids: [data, other].sort() })
    flip('objects', 'data', data)
    await scrub(vault, all)
    const needy = async () => (await damagedPoints(vault)).map(({ seq }) => seq)
    const rebuild = () => rebuildCatalog(vault.catalogPath, { ...vault, signal })
    expect(await needy()).toEqual([1, 3])
    await rebuild()
    expect(await needy()).toEqual([1, 3])
    expect((await presentObjects(vault, place, [data, other])).size).toBe(1)
    const sizes = (await findObjects(vault.catalog, at, [data])).get(data)?.sizeBytes
    expect(sizes).toBe(bytes.length)

    await vault.store.create(keyIn('data', data), bytes)
    await recordSound(vault, at, data)
    await recordSound(vault, at, data)
    expect(await needy()).toEqual([])
    await rebuild()
    expect(await countDamaged(vault.catalog)).toBe(0)
    expect((await presentObjects(vault, place, [data, other])).size).toBe(2)
  })

  test.each(['objects', 'copies'] as const)(
    'heals what is kept twice, damaged or lost in %s',
    async (root) => {
      const { vault, tree, flip } = await vaultWithPoint()
      flip(root, 'tree', tree)
      const record = join(vault.directory, root, 'records', '0'.repeat(16))
      rmSync(record)
      const found = await scrub(vault, all)
      expect(found).toMatchObject({ damaged: [] })
      expect(found.healed).toEqual(['records/0000000000000000', keyIn('tree', tree)])
      expect(await scrub(vault, all)).toMatchObject({ healed: [], damaged: [] })
    },
  )

  test('goes on where it stopped, and marks what the catalog does not know', async () => {
    const { vault, flip } = await vaultWithPoint()
    const unknown = parseObjectId(await put(vault.store, 'data'))
    flip('objects', 'data', unknown)
    let [files, parts] = [0, 0]
    for (let isOver = false; !isOver; parts++) {
      const part = await scrub(vault, { signal, mostBytes: 1 })
      files += part.files
      isOver = part.isRoundOver
    }
    // The record of what was found is new.
    expect((await scrub(vault, all)).files).toBe(files + 1)
    expect(parts).toBeGreaterThan(files - 1)
    expect((await findObjects(vault.catalog, at, [unknown])).get(unknown)?.state).toBe('damaged')
  })
})
