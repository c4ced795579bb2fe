/** The golden vault opened with this version's reader, over its files alone. */

import { planRestore } from '../../src/agent/restore/plan.ts'
import { restorePoint } from '../../src/agent/restore/restore.ts'
import type { RestoreResult } from '../../src/agent/restore/report.ts'
import { openSlot } from '../../src/crypto/slot.ts'
import { splitPath } from '../../src/model/path.ts'
import { decodeSlot } from '../../src/model/slot.ts'
import { createChunkReader } from '../../src/repository/chunk-reader.ts'
import { listPoints, openPoint, type PointFacts } from '../../src/repository/point-reader.ts'
import { openRepository, type Repository } from '../../src/repository/repository.ts'
import { createTreeReader } from '../../src/repository/tree-reader.ts'
import { openFolderVault, publicKeyIn } from './folder-vault.ts'
import { goldenPassphrase, goldenVault } from './golden-vault.ts'
import type { MemoryVault } from './memory-vault.ts'
import { restoreOptions } from './restore-options.ts'
import { passphraseOf } from '../../src/model/passphrase.ts'

export interface GoldenRepository {
  readonly vault: MemoryVault
  readonly masterKey: Uint8Array
  readonly repository: Repository
  readonly points: readonly PointFacts[]
}

/** Takes the time of one key derivation. */
export async function openGolden(): Promise<GoldenRepository> {
  const vault = openFolderVault(goldenVault.vault)
  const slot = decodeSlot(await vault.slot(0, 0))
  const masterKey = await openSlot(slot, passphraseOf(goldenPassphrase()))
  const { repositoryId } = slot
  const repository = await openRepository(vault, { number: 0, repositoryId, heldKey: masterKey })
  const points = await listPoints(vault, goldenAuthorities())
  return { vault, masterKey: masterKey.bytes, repository, points }
}

export const goldenAuthorities = () => ({ authorities: [publicKeyIn(goldenVault.authorityFile)] })

/** Restores a point whole, as `backup restore --to` does. */
export async function restoreAll(
  repository: Repository,
  facts: PointFacts,
  to: string,
): Promise<RestoreResult> {
  const { manifest, index } = await openPoint(repository, facts)
  const chunks = createChunkReader(repository, index)
  const include = manifest.selection.include.map(splitPath)
  const point = { root: manifest.root, include, tree: createTreeReader(chunks) }
  const plan = await planRestore(point, { paths: [], strip: false })
  return restorePoint(point, plan, restoreOptions(repository, { to, chunks }))
}
