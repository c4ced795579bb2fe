/** What threads that restore are told, and what they tell. Nothing in it is open: no descriptor is ever shared. */

import type { Attribute } from '../../../model/entry.ts'
import type { ChunkOutcome, SegmentJob } from '../../../repository/segment-job.ts'
import type { Pool } from '../../../workers/pool.ts'
import type { SentError } from '../../../workers/sent-error.ts'
import type { RestoredAttributes } from '../context.ts'
import type { Identity } from '../hard-links.ts'
import type { FailedPart } from '../report.ts'

/** What a thread needs to begin. */
export interface ThreadSetup {
  readonly keys: WritingKeys
  readonly writing: WritingSetup
}

export interface WritingSetup {
  /** The target's directory, and which one it is: the thread opens it itself. */
  readonly path: string
  readonly identity: Identity
  readonly nowNs: bigint
  readonly attributes: Omit<RestoredAttributes, 'ownerOf'>
}

export interface WritingKeys {
  /** As the key store gives it. */
  readonly heldKey: Uint8Array<ArrayBuffer>
  /** 32 bytes. */
  readonly repositoryId: Uint8Array
  readonly epoch: number
}

/** A file that one chunk is all of. Names are bytes as latin1: as typed arrays they would cost several times as much. */
export interface FileJob {
  /** Of the directory below the target, each name followed by a slash. */
  readonly directory: string
  readonly temporary: string
  readonly name: string
  readonly replaces: boolean
  readonly sizeBytes: number
  readonly mtimeNs: bigint
  readonly mode: number | undefined
  /** On this machine. */
  readonly uid: number | undefined
  readonly gid: number | undefined
  readonly hasOtherNames: boolean
  readonly isSparse: boolean
  readonly xattrs: readonly Attribute[] | undefined
}

export interface FileDone {
  /** Undefined where the file was not made; zeros where it has one name. */
  readonly identity: Identity | undefined
  readonly remarks: readonly Remark[]
}

/** What has to be reported. */
export type Remark =
  | { readonly kind: 'failed'; readonly part: FailedPart; readonly error: SentError }
  | { readonly kind: 'owner-kept' }

/** All files that the chunk is written to. */
export type WritingJob = SegmentJob<readonly FileJob[]>

export type WritingOutcomes = readonly ChunkOutcome<readonly FileDone[]>[]

export type Writers = Pool<WritingJob, WritingOutcomes>
