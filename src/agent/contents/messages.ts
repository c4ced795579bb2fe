/** What the threads that read files are told, and what they tell. */

import type { MessagePort } from 'node:worker_threads'
import type { Attribute } from '../../model/entry.ts'
import type { ChunkReference } from '../../model/ids.ts'
import type { ChunkerParameters } from '../../chunker/parameters.ts'
import type { ClaimMemory } from '../../repository/claim-table.ts'
import type { UnfinishedPack, WrittenPack } from '../../repository/pack-writer.ts'
import type { FileFacts } from '../source/facts.ts'

/** What a thread needs to begin. */
export interface ContentSetup {
  /** As the key store gives it. */
  readonly heldKey: Uint8Array<ArrayBuffer>
  /** Under which packs are sealed. */
  readonly epoch: number
  /** 32 bytes. */
  readonly repositoryId: Uint8Array
  readonly chunker: ChunkerParameters
  /** Raw bytes at which a segment is complete. */
  readonly segmentBytes: number
  readonly level: number
  readonly verifyAll: boolean
  /** Days since 1970. */
  readonly day: number
  /** Chunks that the vault has, and those that threads have claimed. */
  readonly claims: readonly ClaimMemory[]
  /** Shared by all threads: KiB of packs that are not acknowledged yet. */
  readonly inFlight: SharedArrayBuffer
}

export interface FileJob {
  readonly kind: 'file'
  readonly number: number
  readonly path: Uint8Array
}

/** A value that is stored as chunks, the way large attributes are. */
export interface ValueJob {
  readonly kind: 'value'
  readonly number: number
  readonly bytes: Uint8Array
}

/** Pieces of a file that are known, to be stored where they still are what they were. */
export interface PiecesJob {
  readonly kind: 'pieces'
  readonly number: number
  readonly path: Uint8Array
  readonly pieces: readonly FilePiece[]
}

export interface FilePiece {
  readonly reference: ChunkReference
  readonly offsetBytes: number
}

export type ContentJob = FileJob | ValueJob | PiecesJob

/** Jobs as they go to a thread: see `sentJobs`. */
export interface SentJobs {
  readonly jobs: readonly (SentFileJob | ValueJob | PiecesJob)[]
  /** One behind the other, in the order of the jobs. */
  readonly paths: Uint8Array
}

interface SentFileJob {
  readonly kind: 'file'
  readonly number: number
  readonly pathBytes: number
}

/** A file as it was read: content and attributes. */
export interface FileRead {
  readonly chunks: readonly ChunkReference[]
  readonly sizeBytes: number
  /** When the reading ended. */
  readonly facts: FileFacts
  /** It has holes that are among the chunks, as zeros. */
  readonly hasHoles: boolean
  /** It changed each time it was read. */
  readonly changed: boolean
  readonly attributes: readonly Attribute[]
  readonly attributeFailures: readonly AttributeFailure[]
}

export interface AttributeFailure {
  readonly name: Uint8Array
  readonly detail: string
}

/** An error of the system, as it can be sent between threads. */
export interface SentError {
  readonly code: string | undefined
  readonly message: string
}

export type JobResult =
  | { readonly kind: 'file'; readonly number: number; readonly file: FileRead }
  | {
      readonly kind: 'value'
      readonly number: number
      readonly chunks: readonly ChunkReference[]
    }
  /** Bytes that were as they were known. */
  | { readonly kind: 'pieces'; readonly number: number; readonly foundBytes: number }
  /** The file can not be read. */
  | { readonly kind: 'failed'; readonly number: number; readonly error: SentError }

/** Results as they come from a thread: see `sentResults`. */
export interface SentResults {
  /** So many for each file of which there is nothing else to say. */
  readonly numbers: BigInt64Array
  /** Chunk references of these files, one behind the other. */
  readonly chunks: Uint8Array
  readonly others: readonly JobResult[]
}

/** What a thread of its own begins with. */
export interface ThreadSetup extends ContentSetup {
  /**
   * Brings back the memory of packs that are stored. Not a message among the others: a thread that reads a large file
   * hears none of them until it is done, and would have taken new memory for each pack of it.
   */
  readonly returns: MessagePort
}

export type ToThread =
  | ({ readonly kind: 'work' } & SentJobs)
  | { readonly kind: 'claims'; readonly memory: ClaimMemory }
  /** Give what is begun to another thread. */
  | { readonly kind: 'hand-over' }
  | { readonly kind: 'adopt'; readonly unfinished: UnfinishedPack }
  /** Close what is begun. */
  | { readonly kind: 'finish' }

export type FromThread =
  | ({ readonly kind: 'results' } & SentResults)
  | { readonly kind: 'read'; readonly bytes: number }
  | { readonly kind: 'pack'; readonly pack: WrittenPack }
  | { readonly kind: 'unfinished'; readonly unfinished: UnfinishedPack }
  | { readonly kind: 'finished' }
  /** The thread can not go on. */
  | { readonly kind: 'broken'; readonly error: SentError }
