/** What a restore is given where a test says nothing else: everything back, by number, both kept where names meet. */

import { numericOwners } from '../../src/agent/restore/owners.ts'
import type { RestoreOptions } from '../../src/agent/restore/restore.ts'
import { systemCalls } from '../../src/agent/system/open.ts'
import { systemRandom } from '../../src/base/bytes.ts'
import { chunkId } from '../../src/crypto/chunk-id.ts'
import type { ChunkReader } from '../../src/repository/chunk-reader.ts'
import type { Repository } from '../../src/repository/repository.ts'

export const restoreOptions = (
  { keys }: Repository,
  { to, chunks }: { readonly to: string; readonly chunks: ChunkReader },
): RestoreOptions => ({
  ...{ to, chunks, system: systemCalls(), random: systemRandom, nowMs: Date.now() },
  onConflict: 'copy',
  readsBack: false,
  nameOf: (plaintext) => chunkId(keys, 1, plaintext),
  attributes: { owner: true, acls: true, xattrs: true, privileged: true, ownerOf: numericOwners },
})
