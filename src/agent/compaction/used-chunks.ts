/** All chunks that a point uses, by its trees: out of the cache, so that nothing is fetched. */

import { setImmediate } from 'node:timers/promises'
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
  await eachBelow(manifest.root.tree, { ...parts, pause: createPause(parts.signal) })
}

const longestMs = 20

/** Pages are at hand, and nothing else would get its turn. */
function createPause(signal: AbortSignal): () => Promise<void> {
  let lastMs = performance.now()
  return async () => {
    if (performance.now() - lastMs < longestMs) return
    await setImmediate()
    signal.throwIfAborted()
    lastMs = performance.now()
  }
}

type WalkParts = UsedParts & { readonly pause: () => Promise<void> }

async function eachBelow(tree: ChunkReference, parts: WalkParts): Promise<void> {
  const { load, use, pause } = parts
  const leaves = readTreeLeaves(tree, (page) => {
    use(page.id)
    return load(page, 2)
  })
  for await (const entries of leaves) {
    await pause()
    for (const entry of entries) {
      const simple = simpleChunksOf(entry)
      if (simple !== undefined) for (const { id } of simple) use(id)
      else for await (const { id } of chunksOfEntry(entry, load)) use(id)
      if (entry.type === 'directory') await eachBelow(entry.tree, parts)
    }
  }
}
