/** The sending side of one attempt: what the vault has is looked up when it is first needed, and not at all if nothing changed. */

import type { ChunkId, ObjectId } from '../../model/ids.ts'
import type { IndexView } from '../../model/index-object.ts'
import { paddedPackBytes, segmentRanges, decodePackHeader } from '../../model/pack.ts'
import {
  createClaimMemory,
  openClaimTable,
  type ClaimMemory,
} from '../../repository/claim-table.ts'
import { createCompressor } from '../../repository/compression.ts'
import { createIndexWriter } from '../../repository/index-writer.ts'
import { createKnownChunks, type KnownChunks } from '../../repository/known-chunks.ts'
import { createPackWriter } from '../../repository/pack-writer.ts'
import {
  firstPointSegmentBytes,
  laterPointSegmentBytes,
} from '../../repository/segment-gatherer.ts'
import { refsIds } from '../../repository/refs-ids.ts'
import { createUploads, type Uploads } from '../../repository/uploads.ts'
import { dayMs } from '../../base/clock.ts'
import { createInFlight } from '../contents/in-flight.ts'
import { createContentPool, type ContentPool } from '../contents/pool.ts'
import { countingUploads } from './dry-run.ts'
import { loadKnownObjects } from './known.ts'
import type { NotedChunks } from './noted-chunks.ts'
import { gatherNeeds, type NeedsParts, type PointNeeds } from './point-needs.ts'
import type { AttemptOptions, BackupRun } from './backup-run.ts'
import { renewingUploads } from './renewing-uploads.ts'
import { isUnusable } from './previous-tree.ts'
import { createRunSink, type RunSink } from './run-sink.ts'

export interface RunStore {
  readonly sink: RunSink
  /** Only after `sink.open()`. */
  readonly contents: () => ContentPool
  /** Sends what is begun; resolves when the vault has acknowledged everything. */
  finish(): Promise<void>
  /** Ends the threads, whatever they are at. */
  close(): Promise<void>
  readonly uploads: Uploads
  /** Whether the vault has the chunk; only after `sink.open()`. */
  readonly isPlaced: (id: ChunkId) => boolean
  /** Whether the chunk lies only in packs that are to be emptied; only after `sink.open()`. */
  readonly isOnlyEmptied: (id: ChunkId) => boolean
  /** What came of the packs that were to be emptied. */
  readonly emptied: (needs: PointNeeds) => { readonly packs: number; readonly packBytes: number }
  /** `unchanged`: the previous point's refs stand. */
  needs(unchanged: boolean, notes: NotedChunks): Promise<PointNeeds>
}

export function openRunStore(
  run: BackupRun,
  options: AttemptOptions & {
    readonly note: (id: ChunkId) => void
    readonly onRead: (bytes: number) => void
  },
): RunStore {
  const { repository, random, signal } = run
  const { keys, connection, number } = repository
  const sending = run.dryRun
    ? countingUploads()
    : createUploads(connection, { repository: number, signal, onFailure: (error) => fail(error) })
  const uploads = renewingUploads(sending, { connection, number, clock: run.clock })
  const writer = createIndexWriter({ keys, random, uploads: keepingIndexes(run, uploads) })
  const indexes = new Map<ObjectId, IndexView>()
  const sizes = new Map<ObjectId, number>()
  let present: ReadonlySet<ObjectId> = new Set()
  let previousRefs: ReadonlySet<ObjectId> = new Set()
  let known: KnownChunks | undefined
  let contents: ContentPool | undefined

  const fail = (error: unknown) => contents?.fail(error)
  const isPresent = (id: ObjectId) => present.has(id) && !options.gone.has(id)
  const emptying: ReadonlySet<ObjectId> = options.compaction?.packs ?? new Set()
  const isPlaced = (id: ChunkId) => known?.place(id) !== undefined
  const isOnlyEmptied = (id: ChunkId) => {
    const place = known?.place(id)
    return place !== undefined && emptying.has(place.pack)
  }
  const lasts = (id: ObjectId) => isPresent(id) && !emptying.has(id)
  const prepare = async () => {
    const objects = await loadKnownObjects(repository, {
      journal: await run.journal.read(),
      indexFiles: run.indexFiles,
      gone: options.gone,
    })
    previousRefs = await refsOf(run, options)
    const unnamed = [...objects.present].filter((id) => !previousRefs.has(id))
    const gone = new Set(await uploads.countOn(options.base.head.seq === 0 ? unnamed : []))
    present = new Set([...objects.present].filter((id) => !gone.has(id)))
    for (const [id, size] of objects.sizes) sizes.set(id, size)
    for (const [id, view] of objects.indexes.indexes) if (isPresent(id)) indexes.set(id, view)
    for (const [id, view] of await writer.write(objects.uncovered)) indexes.set(id, view)
    known = createKnownChunks(indexes, { isPresent, own: new Set(), previousRefs, emptying })
  }
  const segmentBytes = options.base.head.seq === 0 ? firstPointSegmentBytes : laterPointSegmentBytes
  const day = Math.floor(run.startedMs / dayMs)
  const { level, verifyAll } = run
  const sink = createRunSink({
    keys,
    tree: createPackWriter({
      ...{ kind: 'tree', epoch: keys.currentEpoch, keys, random, segmentBytes, verifyAll, day },
      compressor: createCompressor(level),
    }),
    uploads,
    journal: run.journal,
    isKnown: (id) => isPlaced(id) && !isOnlyEmptied(id),
    prepare,
    note: options.note,
    index: async (packs) => {
      for (const [id, view] of await writer.write(packs)) indexes.set(id, view)
    },
  })
  const openContents = (): ContentPool => {
    const inFlight = createInFlight()
    return createContentPool({
      setup: {
        ...{ segmentBytes, day, level, verifyAll, inFlight },
        heldKey: run.heldKey.bytes,
        epoch: keys.currentEpoch,
        repositoryId: repository.repositoryId,
        chunker: repository.config.chunker,
        claims: [claimsOf([...indexes.values()], lasts)],
      },
      threads: run.threads,
      start: run.startThread,
      signal,
      onRead: options.onRead,
      onPack: (pack, whenStored) => {
        sink.accept(pack, whenStored).catch(fail)
      },
    })
  }
  const needs = async (unchanged: boolean, notes: NotedChunks): Promise<PointNeeds> => {
    const { previous } = options.base
    if (unchanged && previous !== undefined) {
      const { refsRoot, objectCount, objectBytes } = previous.facts.commit
      const { indexes: listed } = previous.manifest
      return {
        ...{ root: refsRoot, count: objectCount, bytes: objectBytes, indexes: listed },
        ids: undefined,
      }
    }
    await sink.open()
    const isThere = (id: ObjectId) => sink.packs.has(id) || isPresent(id)
    const merged = await writer.merge(indexes, isThere)
    for (const [id, size] of writer.sizes) sizes.set(id, size)
    for (const view of merged.values()) addSizes(sizes, view)
    const ranks = { isPresent: isThere, own: sink.packs, previousRefs, emptying }
    const all = createKnownChunks(merged, ranks)
    const sizeOf = (id: ObjectId) => sizes.get(id) ?? 0
    const parts = { known: all, indexes: merged, sizeOf, uploads, isPresent }
    return gatherNeeds(notes, { ...parts, kept: keptNeeds(options, previousRefs) })
  }
  return {
    ...{ sink, uploads, isPlaced, isOnlyEmptied, needs },
    emptied: ({ ids }) => {
      const packs = [...emptying].filter((id) => ids?.has(id) === false)
      return {
        packs: packs.length,
        packBytes: packs.reduce((sum, id) => sum + (sizes.get(id) ?? 0), 0),
      }
    },
    contents: () => (contents ??= openContents()),
    finish: async () => {
      await contents?.finish()
      await sink.finish()
    },
    close: async () => contents?.close(),
  }
}

/** What a run by the journal did not visit needs what the previous point needs. */
const keptNeeds = (
  { base, changes }: AttemptOptions,
  refs: ReadonlySet<ObjectId>,
): NeedsParts['kept'] =>
  changes === undefined ? undefined : { refs, indexes: base.previous?.manifest.indexes ?? [] }

/** What the vault has need not be stored again. */
function claimsOf(
  indexes: readonly IndexView[],
  isPresent: (id: ObjectId) => boolean,
): ClaimMemory {
  const data = indexes.filter(({ kind }) => kind === 'data')
  const memory = createClaimMemory(
    data.reduce((sum, { chunkCount }) => sum + chunkCount, roomToGrow),
  )
  const table = openClaimTable([memory])
  for (const view of data) {
    const present = view.packs.map(({ id }) => isPresent(id))
    for (let row = 0; row < view.chunkCount; row++) {
      if (present[view.placeAt(row).pack] === true) table.claim(view.idBytesAt(row))
    }
  }
  return memory
}

/** Ids that a run may add before the table has to grow. */
const roomToGrow = 16_384

/** What is written now need not be fetched by the next run. */
const keepingIndexes = (
  { dryRun, indexFiles }: BackupRun,
  uploads: Uploads,
): Pick<Uploads, 'put'> =>
  dryRun
    ? uploads
    : {
        put: async (object, whenStored) => {
          await uploads.put(object, whenStored)
          await indexFiles.keep(object.id, object.bytes)
        },
      }

/** The stored size of packs follows from what an index says of them. */
function addSizes(sizes: Map<ObjectId, number>, view: IndexView): void {
  for (const { id, header, segments } of view.packs) {
    const end = segmentRanges(decodePackHeader(header).directoryBytes, segments).at(-1)?.end ?? 0
    sizes.set(id, paddedPackBytes(end))
  }
}

/** @throws BackupError (a run by the journal only, which adds to them) where they can not be read */
async function refsOf(
  { repository }: BackupRun,
  { base, changes }: AttemptOptions,
): Promise<Set<ObjectId>> {
  const root = base.previous?.facts.commit.refsRoot
  if (root === undefined) return new Set()
  try {
    return await refsIds(repository, root)
  } catch (error) {
    if (!isUnusable(error) || changes !== undefined) throw error
    return new Set()
  }
}
