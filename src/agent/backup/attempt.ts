/** One attempt at a recovery point: walk, send what is new, work out what the point needs, commit. */

import { BackupError } from '../../base/errors.ts'
import { chunkId, splitHash } from '../../crypto/chunk-id.ts'
import { manifestContext, sealObject } from '../../crypto/sealed-object.ts'
import { sha256 } from '../../base/hash.ts'
import { encodeCommit } from '../../model/commit.ts'
import { objectIdOf, type RecordHash } from '../../model/ids.ts'
import { createLeftOutWriter, type LeftOutList } from '../../model/left-out.ts'
import { encodeManifest, type Manifest } from '../../model/manifest.ts'
import type { SourceCache } from '../cache/source-cache.ts'
import type { ChunkSink } from '../../repository/chunk-sink.ts'
import { createCarrier, type Carrier } from '../compaction/carrier.ts'
import type { AttemptOptions, BackupRun } from './backup-run.ts'
import { createBreather } from './breathe.ts'
import { createNotedChunks } from './noted-chunks.ts'
import { createContentReader } from './read-content.ts'
import { createSelector } from './selector.ts'
import { openRunStore, type RunStore } from './run-store.ts'
import { createLastingInode } from '../source/lasting-inode.ts'
import { ownerNames } from '../source/owner-names.ts'
import { createRefusal } from '../source/refusal.ts'
import { walkSelection, type WalkedPoint } from './walk.ts'
import { noEntries } from './entry-counts.ts'
import type { Walk, WalkCounts } from './walk-context.ts'
import type { PointNeeds } from './point-needs.ts'

export interface AttemptResult {
  /** Undefined in a dry run. */
  readonly point:
    { readonly id: RecordHash; readonly seq: number; readonly manifest: Manifest } | undefined
  readonly counts: WalkCounts
  readonly leftOut: LeftOutList
  readonly same: boolean
  /** Where packs were to be emptied. */
  readonly carried: Carried | undefined
}

export interface Carried {
  /** That the point does without, and the previous one did not. */
  readonly packs: number
  /** Their stored bytes: they come back when the points that need them have gone. */
  readonly packBytes: number
  /** Read from files again. */
  readonly fileBytes: number
}

/** @throws BackupError `commit-missing`, `head-moved`, `nothing-readable`, and whatever keeps the vault from answering */
export async function attemptPoint(
  run: BackupRun,
  options: AttemptOptions,
): Promise<AttemptResult> {
  const notes = createNotedChunks()
  run.cache.begin(options.changes !== undefined)
  const counts = countsToBegin(options)
  const expectedFiles = options.base.previous?.manifest.statistics.files
  const breather = createBreather(run, { counts, expectedFiles, sent: () => store.uploads.counts })
  const store = openRunStore(run, {
    ...options,
    note: notes.note,
    onRead: (bytes) => {
      counts.bytesRead += bytes
      breather.tell()
    },
  })
  try {
    if (options.exact || options.compaction !== undefined) await store.sink.open()
    const gathered = createLeftOut(run)
    const parts = {
      ...{ ...options, store, counts },
      leaveOut: gathered.add,
      note: notes.note,
      noteAll: notes.noteAll,
      breathe: breather.breathe,
    }
    const walk = createWalk(run, parts, cachingSink(run.cache, store.sink))
    const walked = await walkAll(run, walk, options)
    breather.end()
    const fileBytes = (await walk.carrier?.finish()) ?? 0
    const leftOut = await gathered.finish(store)
    await store.finish()
    const isAsBefore = walked.same && !options.exact && options.compaction === undefined
    const needs = await store.needs(isAsBefore, notes)
    const point = run.dryRun
      ? undefined
      : await commit(run, options, { store, needs, manifest: { walked, counts, leftOut } })
    const carried = options.compaction && { ...store.emptied(needs), fileBytes }
    return { point, counts, leftOut, same: walked.same, carried }
  } finally {
    await store.uploads.rest()
    options.onEnd({ bytesRead: counts.bytesRead, ...store.uploads.counts })
    await store.close()
  }
}

/** A run by the journal counts from the previous point on. */
const countsToBegin = ({ base, changes }: AttemptOptions): WalkCounts => ({
  ...((changes && base.previous?.manifest.statistics) ?? noEntries()),
  ...{ bytesRead: 0, readablePaths: 0, hasLinks: false },
})

type WalkParts = AttemptOptions &
  Pick<Walk, 'counts' | 'leaveOut' | 'note' | 'noteAll' | 'breathe'> & { readonly store: RunStore }

const createWalk = (run: BackupRun, parts: WalkParts, sink: ChunkSink): Walk => ({
  sink,
  contents: createContentReader(parts.store.contents),
  previous: parts.base.previous,
  changes: parts.changes,
  selector: createSelector({
    selection: run.selection,
    settings: run.selectionSettings,
    ownCache: run.ownCache,
    nowMs: run.startedMs,
  }),
  refusal: createRefusal(run.selectionSettings),
  lastingInode: createLastingInode(),
  splitHash: (name) => splitHash(run.repository.keys, name),
  note: parts.note,
  noteAll: parts.noteAll,
  isPlaced: parts.exact ? parts.store.isPlaced : undefined,
  carrier: carrierOf(parts, sink),
  leaveOut: parts.leaveOut,
  counts: parts.counts,
  breathe: parts.breathe,
})

const carrierOf = (
  { base, compaction, store }: WalkParts,
  sink: ChunkSink,
): Carrier | undefined => {
  if (compaction === undefined || base.previous === undefined) return undefined
  const { load } = base.previous
  return createCarrier({ isWanted: store.isOnlyEmptied, load, sink, contents: store.contents })
}

/** Pages that a walk makes are what the next one reads. */
const cachingSink = (cache: SourceCache, sink: ChunkSink): ChunkSink => ({
  open: () => sink.open(),
  flow: () => sink.flow(),
  add: (type, page) => {
    const reference = sink.add(type, page)
    cache.add(reference.id, page)
    return reference
  },
})

async function walkAll(run: BackupRun, walk: Walk, { base }: AttemptOptions): Promise<WalkedPoint> {
  const walked = await walkSelection(walk, run.selectionTree, base.previous?.manifest.root)
  if (walked !== undefined && walk.counts.readablePaths > 0) return walked
  throw new BackupError(
    'nothing-readable',
    'None of the included paths can be read: nothing was saved.',
    {
      hint: 'Look at the paths with: backup policy show',
    },
  )
}

/** Pages of left-out items are named at once, and stored when it is known what the vault has. */
function createLeftOut({ repository }: BackupRun) {
  const pages: Uint8Array[] = []
  const writer = createLeftOutWriter((page) => {
    pages.push(page)
    return { id: chunkId(repository.keys, 4, page), lengthBytes: page.length }
  })
  return {
    add: writer.add,
    finish: async ({ sink }: RunStore): Promise<LeftOutList> => {
      const list = writer.finish()
      if (pages.length > 0) await sink.open()
      for (const page of pages) sink.add(4, page)
      return list
    },
  }
}

interface CommitParts {
  readonly store: RunStore
  readonly needs: PointNeeds
  readonly manifest: Pick<AttemptResult, 'counts' | 'leftOut'> & { readonly walked: WalkedPoint }
}

async function commit(
  run: BackupRun,
  { base }: AttemptOptions,
  { store, needs, manifest }: CommitParts,
): Promise<AttemptResult['point']> {
  const { repository, source } = run
  const place = { source, seq: base.head.seq + 1, previous: base.head.hash, refsRoot: needs.root }
  const made = await manifestOf(run, needs, manifest)
  const sealed = sealObject(
    {
      type: 'manifest',
      epoch: repository.keys.currentEpoch,
      context: manifestContext(place),
      payload: encodeManifest(made),
    },
    repository.keys,
    run.random,
  )
  const manifestId = objectIdOf(sha256(sealed))
  await store.uploads.put({ kind: 'manifest', id: manifestId, bytes: sealed })
  await store.uploads.settle()
  const record = encodeCommit({
    ...repository.connection.identity,
    ...place,
    repository: repository.number,
    manifest: manifestId,
    objectCount: needs.count,
    objectBytes: needs.bytes,
    timeMs: run.clock.now(),
  })
  await repository.connection.putPoint(source, place.seq, record.bytes)
  return { id: record.hash, seq: place.seq, manifest: made }
}

async function manifestOf(
  run: BackupRun,
  { indexes }: PointNeeds,
  { walked, counts, leftOut }: CommitParts['manifest'],
): Promise<Manifest> {
  const { files, directories, others, fileBytes } = counts
  return {
    ...leftOut,
    root: walked.root,
    indexes,
    configNumber: run.repository.config.number,
    capture: run.capture,
    selection: run.selection,
    statistics: { files, directories, others, fileBytes },
    users: await ownerNames('/etc/passwd'),
    groups: await ownerNames('/etc/group'),
    hostName: run.host.name,
    agentVersion: run.host.agentVersion,
    system: run.host.system,
    startedMs: run.startedMs,
    endedMs: run.clock.now(),
  }
}
