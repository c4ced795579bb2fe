/** What all steps of a restore share. */

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
  /** A name that nothing in the target has, another one each time. */
  readonly temporaryName: () => Uint8Array
  readonly signal?: AbortSignal | undefined
}
