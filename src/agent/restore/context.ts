/** What all steps of a restore share. */

import type { RandomBytes } from '../../base/bytes.ts'
import type { ChunkReader } from '../../repository/chunk-reader.ts'
import type { TreeReader } from '../../repository/tree-reader.ts'
import type { SystemCalls } from '../system/system-calls.ts'
import type { RestoreReport } from './report.ts'
import type { Target } from './target.ts'

export interface RestoreContext {
  readonly target: Target
  readonly chunks: ChunkReader
  readonly tree: TreeReader
  readonly system: SystemCalls
  readonly report: RestoreReport
  /** Time of access that is given to what is restored. */
  readonly nowNs: bigint
  readonly random: RandomBytes
  readonly signal?: AbortSignal | undefined
}
