/** Reads chunks, wherever they lie: each place is tried in turn, and what comes out has its id recomputed. */

import { BackupError, errorCodeOf, messageOf } from '../base/errors.ts'
import { createBudget, forEachLimited } from '../base/flow.ts'
import type { ChunkReference, ObjectId } from '../model/ids.ts'
import type { ChunkType } from '../model/pack.ts'
import type { ChunkPlace, IndexSet } from './index-set.ts'
import { isPlaceFailure } from './place-failure.ts'
import type { Repository } from './repository.ts'
import { jobsOf, stretchesOf, type PackJob, type Stretch } from './pack-jobs.ts'
import { openByCrew, type SegmentCrew } from './segment-crew.ts'
import { chunkIn, type ChunkOutcome } from './segment-job.ts'
import { createSegmentReader } from './segment-reader.ts'

export interface ChunkReader {
  /**
   * The plaintext of a chunk; pages of trees, maps and lists are copies that nothing else shares memory with.
   * @throws BackupError `missing-data` when it has no place, `damaged` when none can be read; facts `{chunk, packs}`
   */
  load(reference: ChunkReference, type: ChunkType): Promise<Uint8Array>
  /** Hands out many data chunks, each id once, in whatever order they come. */
  loadMany<Use, Done>(
    references: readonly ChunkReference[],
    handler: ChunkHandler<Use, Done>,
  ): Promise<void>
  /** Bytes received from the vault. */
  readonly bytesFetched: number
}

/** Several calls may be under way at once; reading goes on when they are done. */
export interface ChunkHandler<Use = never, Done = never> {
  use(reference: ChunkReference, plaintext: Uint8Array): Promise<void>
  /** No place of the chunk can be read. */
  failed(reference: ChunkReference, error: BackupError): Promise<void>
  /** Who opens the segments; without, this thread does. */
  readonly crew?: SegmentCrew<Use, Done> | undefined
}

export interface ChunkReaderOptions {
  readonly signal?: AbortSignal | undefined
  /** Bounds what is kept of opened segments, and of stored bytes. */
  readonly cacheBytes?: number
}

const packsAtOnce = 4
const usesAtOnce = 8
/** Stored bytes of segments that are under way. */
const bytesInFlight = 16 * 1024 * 1024
/** Read and opened together: large enough for a request to cost little, small enough for threads to end together. */
const stretchLimits = { storedBytes: 2 * 1024 * 1024, rawBytes: 6 * 1024 * 1024 }
const usualCacheBytes = 16 * 1024 * 1024

export function createChunkReader(
  repository: Repository,
  index: IndexSet,
  options: ChunkReaderOptions = {},
): ChunkReader {
  const cacheBytes = options.cacheBytes ?? usualCacheBytes
  const segments = createSegmentReader(repository, { cacheBytes, storedCacheBytes: cacheBytes })
  const budget = createBudget(bytesInFlight)

  const checked = (raw: Uint8Array<ArrayBuffer>, place: ChunkPlace, wanted: Wanted) =>
    chunkIn(
      raw,
      { ...place, facts: place.pack.segments[place.segment] },
      { keys: repository.keys, ...wanted },
    )
  const loadFrom = async (place: ChunkPlace, wanted: Wanted) => {
    options.signal?.throwIfAborted()
    return checked(await segments.open(place.pack, place.segment), place, wanted)
  }
  const load = async (wanted: Wanted): Promise<Uint8Array> => {
    const failures: PlaceFailure[] = []
    for (const place of index.places(wanted.reference.id)) {
      try {
        return await loadFrom(place, wanted)
      } catch (error) {
        if (!isPlaceFailure(error)) throw error
        failures.push({ pack: place.pack.id, error })
      }
    }
    throw unreadable(wanted.reference, failures)
  }
  const handOut = async (
    wanted: Wanted,
    handler: Pick<ChunkHandler, 'use' | 'failed'>,
    first: () => Uint8Array,
  ) => {
    let bytes: Uint8Array
    try {
      bytes = await Promise.resolve()
        .then(first)
        .catch((error: unknown) => {
          if (!isPlaceFailure(error)) throw error
          return load(wanted)
        })
    } catch (error) {
      if (!(error instanceof BackupError) || !isPlaceFailure(error)) throw error
      return handler.failed(wanted.reference, error)
    }
    return handler.use(wanted.reference, bytes)
  }
  const notThere = (): never => {
    throw new BackupError('damaged', 'The segment can not be opened.')
  }
  const readHere = async (
    job: PackJob,
    stretch: Stretch,
    handler: Pick<ChunkHandler, 'use' | 'failed'>,
  ) => {
    const stored = await forgiving(segments.fetch(job.pack, stretch))
    for (const [at, ordinal] of stretch.ordinals.entries()) {
      options.signal?.throwIfAborted()
      const raw = await forgiving(segments.open(job.pack, ordinal, stored?.[at]))
      await forEachLimited(job.segments.get(ordinal) ?? [], usesAtOnce, ({ place, reference }) => {
        const wanted: Wanted = { reference, type: dataType }
        return handOut(wanted, handler, () =>
          raw === undefined ? notThere() : checked(raw, place, wanted),
        )
      })
    }
  }
  const readByCrew = async <Use, Done>(
    job: PackJob,
    stretch: Stretch,
    { handler, crew }: { handler: ChunkHandler<Use, Done>; crew: SegmentCrew<Use, Done> },
  ) => {
    const stored = await forgiving(segments.fetch(job.pack, stretch))
    if (stored === undefined) return readHere(job, stretch, handler)
    const settle = async (reference: ChunkReference, outcome: ChunkOutcome<Done>) => {
      options.signal?.throwIfAborted()
      if (outcome.kind === 'used') await crew.used(reference, outcome.done)
      else if (outcome.kind === 'plaintext') await handler.use(reference, outcome.bytes)
      else await handOut({ reference, type: dataType }, handler, notThere)
    }
    await openByCrew(job, { ordinals: stretch.ordinals, stored }, { crew, settle })
  }
  const readPack = async <Use, Done>(job: PackJob, handler: ChunkHandler<Use, Done>) => {
    const { crew } = handler
    for (const stretch of stretchesOf(job, stretchLimits)) {
      const { storedBytes } = stretch
      await budget.take(storedBytes)
      try {
        if (crew === undefined) await readHere(job, stretch, handler)
        else await readByCrew(job, stretch, { handler, crew })
      } finally {
        budget.give(storedBytes)
      }
    }
  }
  return {
    load: async (reference, type) => {
      const bytes = await load({ reference, type })
      return type === dataType ? bytes : bytes.slice()
    },
    loadMany: async (references, handler) => {
      const { jobs, placeless } = jobsOf(references, index)
      for (const reference of placeless) await handler.failed(reference, unreadable(reference, []))
      await forEachLimited(jobs, packsAtOnce, (job) => readPack(job, handler))
    },
    get bytesFetched() {
      return segments.bytesFetched
    },
  }
}

const dataType: ChunkType = 1

interface Wanted {
  readonly reference: ChunkReference
  readonly type: ChunkType
}

interface PlaceFailure {
  readonly pack: ObjectId
  readonly error: unknown
}

/** Undefined where only this place is no good. */
const forgiving = <T>(work: Promise<T>): Promise<T | undefined> =>
  work.catch((error: unknown) => {
    if (!isPlaceFailure(error)) throw error
    return undefined
  })

function unreadable(reference: ChunkReference, failures: readonly PlaceFailure[]): BackupError {
  const packs = failures.map((failure) => failure.pack)
  const facts = { chunk: reference.id, packs }
  if (failures.length === 0) {
    return new BackupError('missing-data', `No index knows where the chunk ${reference.id} lies.`, {
      facts,
    })
  }
  const gone = failures.every(({ error }) => errorCodeOf(error) === 'not-found')
  const why = failures.map(({ pack, error }) => `pack ${pack}: ${messageOf(error)}`).join(' ')
  return new BackupError(
    gone ? 'missing-data' : 'damaged',
    `The chunk ${reference.id} can not be read. ${why}`,
    { facts, cause: failures.at(-1)?.error },
  )
}
