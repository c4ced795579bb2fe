/** A vault's inside for tests: real files, a real catalog, one registered machine, a clock that is set by hand. */

import { join } from 'node:path'
import { createHash, randomBytes } from 'node:crypto'
import { onTestFinished } from 'vitest'
import { settableClock } from '../../src/base/clock.ts'
import { encodeCommit, type Commit } from '../../src/model/commit.ts'
import {
  noRecord,
  parseMachineId,
  parseObjectId,
  parseSourceName,
  parseVaultId,
  type ObjectId,
  type ObjectKind,
} from '../../src/model/ids.ts'
import { writeRefs } from '../../src/model/refs.ts'
import { openCatalog } from '../../src/vault/catalog/open.ts'
import { openFileStore } from '../../src/vault/objects/file-store.ts'
import { kindFolder, objectKey, type Namespace } from '../../src/vault/objects/keys.ts'
import type { ObjectStore } from '../../src/vault/objects/object-store.ts'
import { createVaultLog } from '../../src/vault/records/log.ts'
import type { VaultSigner } from '../../src/vault/records/signer.ts'
import { scratchDirectory } from './scratch.ts'
import { createTestSigner } from './vault-signer.ts'

export const startMs = Date.parse('2026-11-25T21:30Z')
export const space: Namespace = {
  vaultId: parseVaultId('11'.repeat(16)),
  machineId: parseMachineId('22'.repeat(16)),
}
export const files = parseSourceName('files')
export const fingerprint = 'fa'.repeat(32)

export interface TestVaultOptions {
  readonly directory?: string
  readonly signer?: VaultSigner
  readonly catalogName?: string
}

/** An opened vault; `register` gives it its machine. */
export async function openTestVault(options: TestVaultOptions = {}) {
  const directory = options.directory ?? scratchDirectory()
  const signer = options.signer ?? createTestSigner()
  const clock = settableClock(startMs)
  const store = await openFileStore(directory, { clock })
  const catalogPath = join(directory, options.catalogName ?? 'catalog.sqlite')
  const catalog = await openCatalog(catalogPath)
  onTestFinished(() => catalog.destroy())
  const log = createVaultLog({ store, catalog, clock, signer })
  return { directory, signer, clock, store, catalogPath, catalog, log }
}

export type TestVault = Awaited<ReturnType<typeof openTestVault>>

export async function register(vault: TestVault): Promise<void> {
  const { vaultId, machineId } = space
  const requestId = '33'.repeat(16)
  await vault.log.append(() => ({ kind: 'vault-created', vaultId, name: 'home' }))
  await vault.log.append(() => ({
    kind: 'machine-registered',
    machineId,
    vaultId,
    name: 'laptop',
    requestId,
    serial: 1,
  }))
  await vault.log.append(() => ({
    kind: 'certificate-issued',
    fingerprint,
    machineId,
    access: 'full',
    notAfter: startMs + 365 * 86_400_000,
    requestId,
    certificate: 'PEM',
    renews: undefined,
    takesOver: undefined,
  }))
}

/** Bytes that begin as their kind does. */
export function bytesOf(kind: ObjectKind, size = 2_000): Buffer {
  const bytes = randomBytes(size)
  if (kind === 'data' || kind === 'tree') {
    bytes.write('BKUPPACK')
    bytes.set([1, 1, kind === 'data' ? 1 : 2, 0], 8)
  } else if (kind !== 'refs') {
    bytes.write('BKUPSEAL')
    bytes.set([1, 1, kind === 'index' ? 2 : 3, 0], 8)
  }
  return bytes
}

export const idOf = (bytes: Uint8Array): ObjectId =>
  parseObjectId(createHash('sha256').update(bytes).digest('hex'))

export const keyIn = (kind: ObjectKind, id: ObjectId, repository = 0): string =>
  objectKey(kindFolder(space, repository, kind), id)

/** Into the store alone, as if the catalog had lost the row. */
export async function put(
  store: ObjectStore,
  kind: ObjectKind,
  bytes = bytesOf(kind),
): Promise<ObjectId> {
  const id = idOf(bytes)
  await store.create(keyIn(kind, id), bytes)
  return id
}

export async function putRefs(store: ObjectStore, ids: readonly ObjectId[]): Promise<ObjectId> {
  const refs = writeRefs(ids)
  for (const [id, bytes] of refs.objects) await store.create(keyIn('refs', id), bytes)
  return refs.root
}

export interface PreparedPoint {
  readonly ids: readonly ObjectId[]
  readonly commit: Commit
  readonly bytes: Uint8Array
}

/** Puts all that a point needs; the commit record itself is only made. */
export async function preparePoint(
  store: ObjectStore,
  more: Partial<Commit> & { readonly ids?: readonly ObjectId[] } = {},
): Promise<PreparedPoint> {
  const {
    ids = await Promise.all([put(store, 'data'), put(store, 'tree'), put(store, 'index')]),
    ...fields
  } = more
  const commit: Commit = {
    ...space,
    repository: 0,
    source: files,
    seq: 1,
    previous: noRecord,
    manifest: await put(store, 'manifest'),
    refsRoot: await putRefs(store, ids),
    objectCount: ids.length,
    objectBytes: ids.length * 2_000,
    timeMs: startMs,
    ...fields,
  }
  return { ids, commit, bytes: encodeCommit(commit).bytes }
}
