import { readFile, rm, writeFile, cp } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { settableClock } from '../../../../src/base/clock.ts'
import { parseMachineId, parseVaultId } from '../../../../src/model/ids.ts'
import { findMachine, findMachineByName } from '../../../../src/vault/catalog/machines.ts'
import { readAddress, readLogHead } from '../../../../src/vault/catalog/meta.ts'
import { openCatalog } from '../../../../src/vault/catalog/open.ts'
import { newestCredential } from '../../../../src/vault/catalog/credentials.ts'
import { listVaults } from '../../../../src/vault/catalog/vaults.ts'
import { logRecordKey } from '../../../../src/vault/objects/keys.ts'
import { openFileStore } from '../../../../src/vault/objects/file-store.ts'
import type { EntryOf } from '../../../../src/vault/records/entries.ts'
import { createVaultLog } from '../../../../src/vault/records/log.ts'
import type { VaultSigner } from '../../../../src/vault/records/signer.ts'
import { scratchDirectory } from '../../../support/scratch.ts'
import { createTestSigner } from '../../../support/vault-signer.ts'

const vaultId = parseVaultId('11'.repeat(16))
const machineId = parseMachineId('22'.repeat(16))

async function openLog(directory: string, signer: VaultSigner, catalogName = 'catalog.sqlite') {
  const clock = settableClock(1_000_000)
  const store = await openFileStore(directory, { clock })
  const catalog = await openCatalog(join(directory, catalogName))
  onTestFinished(() => catalog.destroy())
  return { clock, store, catalog, log: createVaultLog({ store, catalog, clock, signer }) }
}

const vaultCreated: EntryOf<'vault-created'> = { kind: 'vault-created', vaultId, name: 'home' }
const registered: EntryOf<'machine-registered'> = {
  kind: 'machine-registered',
  machineId,
  vaultId,
  name: 'laptop',
  requestId: '33'.repeat(16),
  serial: 1,
}

describe("the vault's log", () => {
  test('what is appended is in the catalog, and in a new catalog that reads the log', async () => {
    const directory = scratchDirectory()
    const signer = createTestSigner()
    const first = await openLog(directory, signer)
    await first.log.append(() => vaultCreated)
    await first.log.append(() => ({ kind: 'address-set', address: 'vault.example', port: 8443 }))
    await first.log.append(() => ({
      kind: 'credential-issued',
      vaultId,
      serial: 1,
      purpose: 'register',
      machineId: undefined,
      publicKey: new Uint8Array([1, 2, 3]),
      issuedAt: 5,
      expiresAt: 6,
    }))
    await first.log.append(() => registered)
    await first.log.append(() => ({
      kind: 'credentials-revoked',
      vaultId,
      purpose: undefined,
      machineId: undefined,
    }))
    const second = await openLog(directory, signer, 'other.sqlite')
    await second.log.verify()
    await second.log.catchUp()
    for (const { catalog } of [first, second]) {
      expect(await listVaults(catalog)).toEqual([
        {
          id: vaultId,
          name: 'home',
          createdAt: 1_000_000,
          softDeleteDays: 14,
          immutability: 'off',
        },
      ])
      expect(await readAddress(catalog)).toEqual({ address: 'vault.example', port: 8443 })
      expect(await findMachine(catalog, machineId)).toMatchObject({
        name: 'laptop',
        state: 'active',
      })
      const credential = await newestCredential(catalog, {
        vaultId,
        purpose: 'register',
        machineId: null,
      })
      expect(credential).toMatchObject({
        publicKey: new Uint8Array([1, 2, 3]),
        revokedAt: 1_000_000,
      })
      expect((await readLogHead(catalog)).number).toBe(4)
    }
  })

  test('two processes that append at once get numbers of their own, and each decides on what the other wrote', async () => {
    const directory = scratchDirectory()
    const signer = createTestSigner()
    const logs = [
      await openLog(directory, signer, 'a.sqlite'),
      await openLog(directory, signer, 'b.sqlite'),
    ]
    const names = async (at: number, name: string) => {
      const side = logs[at % 2]
      await side?.log.append(async () => {
        const taken = await findMachineByName(side.catalog, vaultId, 'laptop')
        return taken === undefined
          ? { ...registered, machineId: parseMachineId(name.repeat(16)) }
          : undefined
      })
    }
    await Promise.all(['a0', 'a1', 'a2', 'a3', 'a4', 'a5'].map((name, at) => names(at, name)))
    for (const { log, catalog } of logs) {
      await log.catchUp()
      expect((await readLogHead(catalog)).number).toBe(0)
    }
  })

  test('two processes with one catalog apply each record once', async () => {
    const directory = scratchDirectory()
    const signer = createTestSigner()
    const serving = await openLog(directory, signer)
    const beside = await openLog(directory, signer)
    await serving.log.append(() => vaultCreated)
    await beside.log.append(() => registered)
    await serving.log.append(() => ({ kind: 'machine-retired', machineId }))
    expect(await findMachine(beside.catalog, machineId)).toMatchObject({ state: 'retired' })
    expect((await readLogHead(serving.catalog)).number).toBe(2)
  })

  test('a record that was altered, exchanged or left out stops the vault from starting', async () => {
    const directory = scratchDirectory()
    const signer = createTestSigner()
    const { log } = await openLog(directory, signer)
    for (let at = 0; at < 4; at++) {
      await log.append(() => ({
        ...vaultCreated,
        vaultId: parseVaultId(`0${at}`.repeat(16)),
        name: `v${at}`,
      }))
    }
    const path = (tree: string, number: number) => join(directory, tree, logRecordKey(number))
    const reopened = async (damage: (tree: string) => Promise<void>) => {
      const copy = scratchDirectory()
      await cp(directory, copy, { recursive: true })
      for (const tree of ['objects', 'copies']) await damage(join(copy, tree))
      const { log: other } = await openLog(copy, signer, 'fresh.sqlite')
      await other.verify()
      await other.catchUp()
    }
    await expect(reopened((tree) => rm(join(tree, logRecordKey(2))))).rejects.toMatchObject({
      code: 'catalog-behind',
    })
    await expect(
      reopened(async (tree) => {
        await writeFile(join(tree, logRecordKey(2)), await readFile(path('objects', 1)))
      }),
    ).rejects.toMatchObject({ code: 'catalog-behind' })
    await expect(
      openLog(directory, createTestSigner(), 'x.sqlite').then((v) => v.log.catchUp()),
    ).rejects.toMatchObject({ code: 'catalog-behind' })
  })

  test('a catalog that has read more than the log holds is refused', async () => {
    const directory = scratchDirectory()
    const signer = createTestSigner()
    const { log } = await openLog(directory, signer)
    await log.append(() => vaultCreated)
    await log.append(() => registered)
    for (const tree of ['objects', 'copies']) await rm(join(directory, tree, logRecordKey(1)))
    await expect(log.verify()).rejects.toMatchObject({ code: 'catalog-behind' })
  })

  test('a record of a kind that this version does not know is refused by name', async () => {
    const directory = scratchDirectory()
    const signer = createTestSigner()
    const { encodeCbor } = await import('../../../../src/model/cbor.ts')
    const { sealSigned } = await import('../../../../src/vault/records/signed-record.ts')
    const body = encodeCbor(
      new Map<number, never>([
        [0, 1],
        [1, 0],
        [2, 7],
        [3, 'vault-painted'],
        [4, new Map()],
        [5, new Uint8Array(32)],
      ] as [number, never][]),
    )
    const { store, log } = await openLog(directory, signer)
    await store.create(
      logRecordKey(0),
      await sealSigned(body, { label: 'backup/v1/record', signer }),
    )
    await expect(log.catchUp()).rejects.toMatchObject({
      code: 'unsupported-format',
      message: expect.stringContaining('vault-painted') as string,
    })
  })
})
