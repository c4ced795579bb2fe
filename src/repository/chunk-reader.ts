/** Reads chunks, wherever they lie: each place is tried in turn, and what comes out has its id recomputed. */

import { BackupError, errorCodeOf, messageOf } from '../base/errors.ts'
import { createBudget, forEachLimited } from '../base/flow.ts'
import { chunkId } from '../crypto/chunk-id.ts'
import type { ChunkReference, ObjectId } from '../model/ids.ts'
import type { PackFacts } from '../model/index-object.ts'
import type { ChunkType } from '../model/pack.ts'
import type { ChunkPlace, IndexSet } from './index-set.ts'
import { isPlaceFailure } from './place-failure.ts'
import type { Repository } from './repository.ts'
import { createSegmentReader } from './segment-reader.ts'

export interface ChunkReader {
  /**
   * The plaintext of a chunk; pages of trees, maps and lists are copies that nothing else shares memory with.
   * @throws BackupError `missing-data` when it has no place, `damaged` when none can be read; facts `{chunk, packs}`
   */
  load(reference: ChunkReference, type: ChunkType): Promise<Uint8Array>
  /** Hands out many data chunks, each id once, in whatever order they come. */
  loadMany(references: readonly ChunkReference[], handler: ChunkHandler): Promise<void>
  /** Bytes received from the vault. */
  readonly bytesFetched: number
}

/** Several calls may be under way at once; reading goes on when they are done. */
export interface ChunkHandler {
  use(reference: ChunkReference, plaintext: Uint8Array): Promise<void>
  /** No place of the chunk can be read. */
  failed(reference: ChunkReference, error: BackupError): Promise<void>
}

export interface ChunkReaderOptions {
  readonly signal?: AbortSignal | undefined
  /** Bounds what is kept of opened segments, and of stored bytes. */
  readonly cacheBytes?: number
}

const requestsAtOnce = 4
const usesAtOnce = 8
/** Stored bytes of segments that are under way. */
const bytesInFlight = 48 * 1024 * 1024
const usualCacheBytes = 32 * 1024 * 1024

export function createChunkReader(
  repository: Repository,
  index: IndexSet,
  options: ChunkReaderOptions = {},
): ChunkReader {
  const cacheBytes = options.cacheBytes ?? usualCacheBytes
  const segments = createSegmentReader(repository, { cacheBytes, storedCacheBytes: cacheBytes })
  const budget = createBudget(bytesInFlight)

  const checked = (raw: Uint8Array, place: ChunkPlace, { reference, type }: Wanted) => {
    const bytes = raw.subarray(place.placeBytes, place.placeBytes + place.lengthBytes)
    const isIt =
      place.lengthBytes === reference.lengthBytes &&
      place.pack.segments[place.segment]?.type === type &&
      chunkId(repository.keys, type, bytes) === reference.id
    if (isIt) return bytes
    throw new BackupError(
      'damaged',
      `The pack ${place.pack.id} holds another chunk than it should.`,
    )
  }
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
  const handOut = async (wanted: Wanted, handler: ChunkHandler, first: () => Uint8Array) => {
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
  const readPack = async (job: PackJob, handler: ChunkHandler) => {
    const ordinals = [...job.segments.keys()].sort((a, b) => a - b)
    const stored = await forgiving(segments.fetch(job.pack, ordinals))
    for (const [at, ordinal] of ordinals.entries()) {
      options.signal?.throwIfAborted()
      const raw = await forgiving(segments.open(job.pack, ordinal, stored?.[at]))
      await forEachLimited(job.segments.get(ordinal) ?? [], usesAtOnce, ({ place, reference }) => {
        const wanted: Wanted = { reference, type: dataType }
        return handOut(wanted, handler, () => {
          if (raw === undefined) throw new BackupError('damaged', 'The segment can not be opened.')
          return checked(raw, place, wanted)
        })
      })
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
      await forEachLimited(jobs, requestsAtOnce, async (job) => {
        await budget.take(job.storedBytes)
        try {
          await readPack(job, handler)
        } finally {
          budget.give(job.storedBytes)
        }
      })
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

/** What is wanted of one pack. */
interface PackJob {
  readonly pack: PackFacts
  readonly segments: Map<
    number,
    { readonly reference: ChunkReference; readonly place: ChunkPlace }[]
  >
  storedBytes: number
}

/** Chunks by the first of their places, packs in order of first use. */
function jobsOf(references: readonly ChunkReference[], index: IndexSet) {
  const jobs = new Map<ObjectId, PackJob>()
  const placeless: ChunkReference[] = []
  const seen = new Set<string>()
  for (const reference of references) {
    if (seen.has(reference.id)) continue
    seen.add(reference.id)
    const [place] = index.places(reference.id)
    if (place === undefined) placeless.push(reference)
    else addTo(jobFor(jobs, place.pack), reference, place)
  }
  return { jobs: jobs.values(), placeless }
}

function jobFor(jobs: Map<ObjectId, PackJob>, pack: PackFacts): PackJob {
  const job = jobs.get(pack.id) ?? { pack, segments: new Map(), storedBytes: 0 }
  jobs.set(pack.id, job)
  return job
}

function addTo(job: PackJob, reference: ChunkReference, place: ChunkPlace): void {
  const wanted = job.segments.get(place.segment)
  if (wanted !== undefined) {
    wanted.push({ reference, place })
    return
  }
  job.segments.set(place.segment, [{ reference, place }])
  job.storedBytes += job.pack.segments[place.segment]?.storedBytes ?? 0
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
