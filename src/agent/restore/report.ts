/** What a restore did and what it could not do; the list is bounded, the numbers are not. */

import { BackupError, errorCodeOf, messageOf, systemCodeOf } from '../../base/errors.ts'
import { equalBytes } from '../../base/bytes.ts'
import { onlyRead } from './target/errors.ts'
import type { Place } from './target/target.ts'

/** What of an entry failed: all of it, or one of its attributes. */
export type FailedPart =
  | { readonly kind: 'content' | 'owner' | 'mode' | 'times' }
  | { readonly kind: 'xattr'; readonly name: Uint8Array }

export interface RestoreFailure {
  /** In the point. */
  readonly path: Place
  readonly part: FailedPart
  /** A system's code (`EPERM`) or one of docs/errors.md. */
  readonly code: string
  readonly message: string
}

export interface RestoreResult {
  readonly files: number
  readonly directories: number
  /** Symbolic links, FIFOs, sockets, devices. */
  readonly others: number
  /** Names that were added to a file restored before; they are counted as files or others too. */
  readonly hardLinks: number
  /** Of those made: in place of something else, or beside it under another name. */
  readonly replaced: number
  readonly copies: number
  /** Left as they were: by the user's rule, or because they were right already. */
  readonly skipped: number
  readonly unchanged: number
  /** Bytes of restored files. */
  readonly bytesRestored: number
  /** Those among them that were there already, in what was replaced. */
  readonly bytesTakenOver: number
  /** Files that were read again after they were written. */
  readonly readBack: number
  /** Entries that belong to the user who restores, because only root may give files away. */
  readonly ownersKept: number
  /** The first thousand. */
  readonly failures: readonly RestoreFailure[]
  readonly failureCount: number
}

export interface RestoreReport {
  made(kind: 'file' | 'directory' | 'other' | 'hardLink'): void
  /** Under which name something was made. */
  named(item: Named, naming: { readonly name: Uint8Array; readonly replaces: boolean }): void
  left(kind: 'skip' | 'there'): void
  wrote(bytes: number): void
  /** Bytes that were right in what is replaced. */
  tookOver(bytes: number): void
  readBack(): void
  /** The entry belongs to the user who restores. */
  keptOwner(path: Place): void
  /** Notes a failure, unless it concerns the whole restore: then it throws, as an error that names what is wrong. */
  failed(path: Place, part: FailedPart, error: unknown): void
  result(): RestoreResult
}

export interface RestoreObserver {
  onProgress?(result: RestoreResult): void
  onFailure?(failure: RestoreFailure): void
  onOwnerKept?(path: Place): void
  /** Something is there under another name than in the point: beside what had it, or because the target can not hold it. */
  onRenamed?(path: Place, name: Uint8Array): void
}

/** An entry in the point, and where the target was to hold it. */
interface Named {
  readonly path: Place
  readonly place: Place
}

const listedFailures = 1000

export function createReport(observer: RestoreObserver = {}): RestoreReport {
  const counts = { file: 0, directory: 0, other: 0, hardLink: 0 }
  const failures: RestoreFailure[] = []
  const names = { replaced: 0, copies: 0, skipped: 0, unchanged: 0 }
  let bytesRestored = 0
  let bytesTakenOver = 0
  let readBack = 0
  let ownersKept = 0
  let failureCount = 0

  const result = (): RestoreResult => ({
    files: counts.file,
    directories: counts.directory,
    others: counts.other,
    hardLinks: counts.hardLink,
    ...names,
    bytesRestored,
    bytesTakenOver,
    readBack,
    ownersKept,
    failures,
    failureCount,
  })
  return {
    made: (kind) => {
      counts[kind]++
      observer.onProgress?.(result())
    },
    named: ({ path, place }, { name, replaces }) => {
      if (replaces) names.replaced++
      else if (!bears(place, name)) names.copies++
      if (!bears(path, name)) observer.onRenamed?.(path, name)
    },
    left: (kind) => {
      if (kind === 'skip') names.skipped++
      else names.unchanged++
    },
    wrote: (bytes) => {
      bytesRestored += bytes
      observer.onProgress?.(result())
    },
    tookOver: (bytes) => {
      bytesRestored += bytes
      bytesTakenOver += bytes
      observer.onProgress?.(result())
    },
    readBack: () => {
      readBack++
    },
    keptOwner: (path) => {
      ownersKept++
      observer.onOwnerKept?.(path)
    },
    failed: (path, part, error) => {
      throwIfFatal(error)
      const code = errorCodeOf(error) ?? systemCodeOf(error) ?? 'internal'
      const failure = { path, part, code, message: messageOf(error) }
      failureCount++
      if (failures.length < listedFailures) failures.push(failure)
      observer.onFailure?.(failure)
    },
    result,
  }
}

const bears = (place: Place, name: Uint8Array): boolean =>
  equalBytes(place.at(-1) ?? new Uint8Array(0), name)

/** Errors of one file only; all others end the restore. */
const ownErrors: ReadonlySet<string> = new Set([
  'not-found',
  'damaged',
  'malformed',
  'missing-data',
  'hash-mismatch',
  'unsupported-format',
  'already-exists',
  'target-refused',
  'privilege-withheld',
  'verification-failed',
])

function throwIfFatal(error: unknown): void {
  const code = systemCodeOf(error)
  if (error instanceof BackupError) {
    if (!ownErrors.has(error.code)) throw error
  } else if (code === 'ENOSPC' || code === 'EDQUOT') {
    throw new BackupError('disk-full', 'The disk of the target is full.', {
      hint: 'What was restored so far is complete under its names. Make room, or restore to another disk.',
      cause: error,
    })
  } else if (code === 'EROFS') {
    throw onlyRead(error)
  } else if (code === undefined) throw error
}
