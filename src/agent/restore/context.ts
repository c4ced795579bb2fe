/** What all steps of a restore share. */

import type { ChunkReader } from '../../repository/chunk-reader.ts'
import type { TreeReader } from '../../repository/tree-reader.ts'
import type { SystemCalls } from '../system/system-calls.ts'
import type { ChunkId } from '../../model/ids.ts'
import type { ConflictRule } from './conflict.ts'
import type { RestoreReport } from './report.ts'
import type { ProcessPlace } from './temporary-names.ts'
import type { Target } from './target/target.ts'

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
  /** What runs this restore. */
  readonly runner: ProcessPlace
  /** What to do where something has the name already. */
  readonly onConflict: ConflictRule
  /** Whether there can be something: false where the target was empty. */
  readonly mayMeet: boolean
  /** The id of a chunk of data. */
  readonly nameOf: (plaintext: Uint8Array) => ChunkId
  /** Which attributes are given back. */
  readonly attributes: RestoredAttributes
  /** Whether each file is read again once it is written. */
  readonly readsBack: boolean
  /** Who restores; nobody where users have no numbers. */
  readonly ownUser: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** What it takes to give attributes. */
export interface AttributeContext extends Pick<
  RestoreContext,
  'system' | 'attributes' | 'nowNs' | 'ownUser'
> {
  readonly tree: Pick<TreeReader, 'attribute'>
  readonly report: Pick<RestoreReport, 'failed' | 'keptOwner'>
}

/** What it takes to write a file. */
export interface FileContext
  extends
    AttributeContext,
    Pick<RestoreContext, 'target' | 'temporaryName' | 'readsBack' | 'nameOf'> {
  readonly tree: Pick<TreeReader, 'attribute' | 'content'>
  readonly report: Omit<RestoreReport, 'left' | 'result'>
}

export interface RestoredAttributes {
  readonly owner: boolean
  readonly acls: boolean
  readonly xattrs: boolean
  /** Also what lends rights: setuid, setgid, capabilities, devices. */
  readonly privileged: boolean
  /** The numbers on this machine of a user and a group of the point. */
  readonly ownerOf: (uid: number, gid: number) => { readonly uid: number; readonly gid: number }
}
