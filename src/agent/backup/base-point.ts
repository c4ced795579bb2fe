/** The point that a run builds on: the source's newest, checked against what this machine has seen before. */

import { BackupError } from '../../base/errors.ts'
import { noRecord, type ObjectId, type RecordHash, type SourceName } from '../../model/ids.ts'
import type { CaptureFingerprint, Manifest } from '../../model/manifest.ts'
import { createChunkReader, type ChunkReader } from '../../repository/chunk-reader.ts'
import { loadIndexSet } from '../../repository/index-set.ts'
import { newestEpoch } from '../../repository/newest-epoch.ts'
import { listPoints, readManifest, type PointFacts } from '../../repository/point-reader.ts'
import type { Repository } from '../../repository/repository.ts'
import type { IndexFiles } from '../cache/index-files.ts'
import type { SourceCache } from '../cache/source-cache.ts'
import { sameFingerprint } from './capture.ts'
import { trustBefore } from './compare.ts'
import type { PreviousPoint } from './walk-context.ts'

/** The head of a source: seq 0 and `noRecord` before its first point. */
export interface Head {
  readonly seq: number
  readonly hash: RecordHash
}

export interface BasePoint {
  readonly head: Head
  /** Absent for the first point, and where the newest one can not be read any more. */
  readonly previous:
    (PreviousPoint & { readonly facts: PointFacts; readonly manifest: Manifest }) | undefined
  /** At least that of the newest points, where this machine may have forgotten it: 0 where its cache is theirs. */
  readonly epoch: number
}

export interface BaseOptions {
  readonly source: SourceName
  readonly authorities: readonly string[]
  /** The head that this machine saw last. */
  readonly seen: Head | undefined
  readonly capture: CaptureFingerprint
  readonly cache: SourceCache
  readonly indexFiles: IndexFiles
  readonly signal: AbortSignal
  readonly warn: (message: string) => void
}

/** @throws BackupError `vault-rolled-back` */
export async function findBase(repository: Repository, options: BaseOptions): Promise<BasePoint> {
  const { source, authorities } = options
  const given = { authorities, source, withRemoved: true }
  const points = await listPoints(repository.connection, given)
  const newest = points.at(-1)
  checkSeen(points, options.seen)
  if (newest === undefined) {
    return { head: { seq: 0, hash: noRecord }, previous: undefined, epoch: 0 }
  }
  const head = { seq: newest.seq, hash: newest.id }
  // The newest may have been deleted: any other is as good to compare with.
  const readable = points.findLast(({ state }) => state !== 'removed')
  if (readable?.commit.repository !== repository.number) {
    return { head, previous: undefined, epoch: 0 }
  }
  const cached = options.cache.manifestOf(readable.id)
  const epoch = cached === undefined ? await newestEpoch(repository, authorities) : 0
  return {
    head,
    previous: await openPrevious(repository, { facts: readable, cached }, options),
    epoch,
  }
}

/** The vault must still show the head that was seen, or a later one that follows it. */
function checkSeen(points: readonly PointFacts[], seen: Head | undefined): void {
  if (seen === undefined || seen.seq === 0) return
  const same = points.find((point) => point.seq === seen.seq)
  const oldest = points[0]
  const isExpired = oldest !== undefined && oldest.seq > seen.seq
  if (same?.id === seen.hash || isExpired) return
  throw new BackupError(
    'vault-rolled-back',
    'The vault does not show the recovery point that this machine made last.',
    {
      hint: 'Ask the operator whether the vault was restored from an older copy. Nothing was sent.',
    },
  )
}

async function openPrevious(
  repository: Repository,
  { facts, cached }: { readonly facts: PointFacts; readonly cached: Manifest | undefined },
  options: BaseOptions,
): Promise<BasePoint['previous']> {
  const { cache, capture, warn } = options
  try {
    const manifest = cached ?? (await readManifest(repository, facts))
    const stored = storedPages(repository, manifest, options)
    // Without a cache all pages are read there: then it is best known at once whether that goes.
    if (cached === undefined) await stored()
    return {
      facts,
      manifest,
      trust: {
        reuse: sameFingerprint(manifest.capture, capture) ? 'entries' : 'contents',
        beforeNs: trustBefore(manifest.startedMs),
      },
      load: (reference, type) =>
        cache.load(reference, type, async () => (await stored()).load(reference, type)),
    }
  } catch (error) {
    if (!(error instanceof BackupError) || !unreadable.includes(error.code)) throw error
    warn(`The last recovery point can not be read (${error.message}) Everything is read anew.`)
    return undefined
  }
}

/** Pages as the vault keeps them; their indexes are loaded when the first is asked for. */
function storedPages(
  repository: Repository,
  manifest: Manifest,
  { indexFiles, signal }: BaseOptions,
): () => Promise<ChunkReader> {
  const trees = manifest.indexes.filter(({ kind }) => kind === 'tree').map(({ id }) => id)
  let reader: Promise<ChunkReader> | undefined
  const open = async () =>
    createChunkReader(repository, await loadIndexSet(repository, trees, indexFiles.load), {
      signal,
    })
  return () => (reader ??= open())
}

const unreadable: readonly string[] = [
  'damaged',
  'malformed',
  'missing-data',
  'not-found',
  'epoch-closed',
]

/** All ids that the previous point's refs name. */
export type PreviousRefs = ReadonlySet<ObjectId>
