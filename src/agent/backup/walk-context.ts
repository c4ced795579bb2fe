/** What all steps of a walk share. */

import type { Attribute, Entry, FileEntry } from '../../model/entry.ts'
import type { ChunkId, ChunkReference } from '../../model/ids.ts'
import type { ChunkType } from '../../model/pack.ts'
import type { LeftOutItem } from '../../model/left-out.ts'
import type { IgnoreFile } from '../../policy/ignore-file.ts'
import type { Refusal } from '../../policy/reparse-point.ts'
import type { SelectionRule } from '../../policy/selection.ts'
import type { ChunkSink } from '../../repository/chunk-sink.ts'
import type { PathBytes } from '../../model/path.ts'
import type { FileFacts } from '../source/facts.ts'
import type { LastingInode } from '../source/lasting-inode.ts'
import type { Carrier } from '../compaction/carrier.ts'
import type { Trust } from './compare.ts'
import type { EntryCounts } from './entry-counts.ts'
import type { Changes } from './changed-directories.ts'

export interface Walk {
  readonly sink: ChunkSink
  readonly contents: ContentReader
  readonly previous: PreviousPoint | undefined
  /** In a run by the journal: where it has to look. The counts begin with those of the previous point then. */
  readonly changes?: Changes | undefined
  readonly selector: Selector
  /** Why what lies there is not read, though it could be; asked where it is not taken over as it was. */
  readonly refusal?: ((path: PathBytes) => Refusal | undefined) | undefined
  readonly lastingInode: LastingInode
  /** HMAC(K_id, 0 ‖ name), for the cutting of large directories. */
  readonly splitHash: (name: Uint8Array) => Uint8Array
  /** Notes a chunk that is taken over from the previous point. */
  readonly note: (id: ChunkId) => void
  /** The same for encoded references, one behind the other. */
  readonly noteAll: (references: Uint8Array) => void
  /** In a repeated walk: whether the vault still has the chunk. Absent in the first, which takes that for granted. */
  readonly isPlaced?: ((id: ChunkId) => boolean) | undefined
  /** Where the run empties packs. */
  readonly carrier?: Carrier | undefined
  readonly leaveOut: (item: LeftOutItem) => void
  readonly counts: WalkCounts
  /** Called now and then: lets other work go on, reports progress, throws when the run is to stop. */
  readonly breathe: (path: string) => Promise<void>
}

export interface PreviousPoint {
  readonly trust: Trust
  /** The plaintext of a tree or map page. */
  readonly load: (reference: ChunkReference, type: ChunkType) => Promise<Uint8Array>
}

/** The entries of the point, and how the walk went. */
export interface WalkCounts extends EntryCounts {
  /** Bytes read from files in this run. */
  bytesRead: number
  /** Include paths that could be read. */
  readablePaths: number
  /** Some file has several names. */
  hasLinks: boolean
}

/** Something on disk and what it is called. */
export interface Place {
  /** For system calls. */
  readonly path: PathBytes
  /** For rules: components joined by `/`, none at the start. */
  readonly text: string
  readonly name: Uint8Array
  /** st_dev of the directory that holds it; undefined at the top. */
  readonly parentDevice: bigint | undefined
  /** The ignore files above it, the outermost first. */
  readonly ignores: readonly IgnoreFile[]
}

/** The rules of a source, held to what is on disk. */
export interface Selector {
  /** The rule that leaves out what lies there; undefined where it is saved. `facts` undefined: what it is can not be told. */
  leavesOut(place: Place, facts: FileFacts | undefined): SelectionRule | undefined
  /** The part of it that asks for the name alone. */
  leavesOutName(place: Place, isDirectory: boolean): SelectionRule | undefined
  /** Whether it asks for the names of what is in a directory. */
  asksNames(directory: Place): boolean
  /** Whether it asks for more than names, of what is no directory. */
  readonly looksAtFacts: boolean
  /** Why a directory is kept without what is in it; of a cache the tag stays. Never a directory that leads to an include path. */
  emptied(directory: Found): SelectionRule | undefined
  /** The ignore files that hold for what is in a directory. */
  ignoresBelow(directory: Place): readonly IgnoreFile[]
}

/** Something that was found on disk. */
export interface Found {
  readonly place: Place
  readonly facts: FileFacts
  /** How often it turned out to be something else than it was when it was looked at; 0 if not said. */
  readonly turns?: number
}

/** An entry of the new point; `same` when the previous point holds the very same. */
export interface Walked {
  readonly entry: Entry
  readonly same: boolean
}

export interface ContentReader {
  /** Resolves when another file may be read; after `sink.open()`. */
  room(): Promise<void>
  /** The entry of a file, its content read. Rejects with the system's error when it can not be read. */
  read(walk: Walk, place: Place, facts: FileFacts): Promise<FileEntry>
  /** The extended attributes as fields of an entry; those that can not be read are listed. */
  attributes(
    walk: Walk,
    found: Found,
  ): Promise<{ readonly xattrs: readonly Attribute[] | undefined }>
}

/**
 * A step of the walk: what is known at once, or what follows when contents have been read. The walk goes on meanwhile.
 * Undefined where there is nothing to keep.
 */
export type Step =
  { readonly walked: Walked | undefined } | { readonly later: Promise<Walked | undefined> }

/** A failure is met where the step is awaited; until then it is nobody's. */
export function laterStep(later: Promise<Walked | undefined>): Step {
  later.catch(() => undefined)
  return { later }
}

export async function outcomes(steps: readonly Step[]): Promise<Walked[]> {
  const walked: Walked[] = []
  for (const step of steps) {
    const outcome = 'later' in step ? await step.later : step.walked
    if (outcome !== undefined) walked.push(outcome)
  }
  return walked
}
