/** Where a run puts chunks: stored once, whoever asks. */

import type { ChunkReference } from '../model/ids.ts'
import type { ChunkType } from '../model/pack.ts'

export interface ChunkSink {
  /** Resolves when it is known what the vault has; to be awaited before chunks are added. A run that changes nothing never asks. */
  open(): Promise<void>
  /** Names the chunk, notes that the point uses it, and keeps a copy for sending unless the vault has it or this run has met it. */
  add(type: ChunkType, plaintext: Uint8Array): ChunkReference
  /** Resolves when there is room for more; to be awaited between chunks of a file and between files. */
  flow(): Promise<void>
}
