/** All chunks that a point uses, by its trees: out of the cache, so that nothing is fetched. */

import type { ChunkId, ChunkReference } from '../../model/ids.ts'
import type { Manifest } from '../../model/manifest.ts'
import { readTreeLeaves } from '../../model/tree-reader.ts'
import { chunksOfEntry, simpleChunksOf } from '../backup/previous-tree.ts'
import type { PreviousPoint } from '../backup/walk-context.ts'

export interface UsedParts {
  readonly load: PreviousPoint['load']
  readonly signal: AbortSignal
  /** Called for each use: several times for what is used more than once. */
  readonly use: (id: ChunkId) => void
}

/** @throws BackupError where a tree can not be read */
export async function eachUsedChunk(manifest: Manifest, parts: UsedParts): Promise<void> {
  for (const { id } of manifest.leftOutPages) parts.use(id)
  await eachBelow(manifest.root.tree, parts)
}

async function eachBelow(tree: ChunkReference, parts: UsedParts): Promise<void> {
  const { load, signal, use } = parts
  signal.throwIfAborted()
  const leaves = readTreeLeaves(tree, (page) => {
    use(page.id)
    return load(page, 2)
  })
  for await (const entries of leaves) {
    for (const entry of entries) {
      const simple = simpleChunksOf(entry)
      if (simple !== undefined) for (const { id } of simple) use(id)
      else for await (const { id } of chunksOfEntry(entry, load)) use(id)
      if (entry.type === 'directory') await eachBelow(entry.tree, parts)
    }
  }
}
