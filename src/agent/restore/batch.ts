/**
 * What is restored together: the chunks of many files, read by pack, and after them the names and directories that
 * waited for those files. Bounds how much of a point is held at once: while one batch is read, the next is gathered.
 */

import type { ChunkId, ChunkReference } from '../../model/ids.ts'
import type { RestoreContext } from './context.ts'
import type { SegmentCrew } from '../../repository/segment-crew.ts'
import type { WantedSegment } from '../../repository/segment-job.ts'
import type { RestoringFile } from './restoring-file.ts'
import type { FileDone, FileJob, Writers } from './writing/messages.ts'

export interface Batch {
  readonly isFull: boolean
  /** A chunk of the file, at this position in it. */
  add(file: RestoringFile, reference: ChunkReference, position: number): void
  /** Something to do when all files so far are done; in order. */
  afterwards(work: () => Promise<void>): void
  /** Begins to read what was added, once all that was added before is done. */
  flush(): Promise<void>
  /** Does everything that was added. */
  finish(): Promise<void>
  /** Waits for what is under way and begins nothing more. */
  stop(): Promise<void>
}

/** Where a chunk goes. */
interface Use {
  readonly file: RestoringFile
  readonly position: number
}

const mostUses = 4096
const mostBytes = 128 * 1024 * 1024
/** Files of several chunks stay open until the last one is written. */
const mostOpenFiles = 64
/** Less than this is not worth the start of threads. */
const littleChunks = 256
const littleBytes = 4 * 1024 * 1024
const mostAfterwards = 32_768

/** Chunks that are read together, each once. */
interface Load {
  readonly wanted: ChunkReference[]
  readonly usesOf: Map<ChunkId, Use[]>
  readonly partial: Set<RestoringFile>
  uses: number
  bytes: number
}

/** What one chunk is all of is written where the chunk is opened, if that holds for each of its uses. */
function crewOf(
  writers: Writers,
  usesOf: ReadonlyMap<ChunkId, readonly Use[]>,
): SegmentCrew<readonly FileJob[], readonly FileDone[]> {
  return {
    useOf: ({ id, lengthBytes }) => {
      const jobs: FileJob[] = []
      for (const { file, position } of usesOf.get(id) ?? []) {
        const job = file.handOut({ lengthBytes, position })
        if (job === undefined) return undefined
        jobs.push(job)
      }
      return jobs
    },
    open: (job) => writers.run(job, [...new Set(job.segments.flatMap(memoryOf))]),
    used: ({ id }, done) => {
      for (const [at, { file }] of (usesOf.get(id) ?? []).entries()) {
        const own = done[at]
        if (own !== undefined) file.written(own)
      }
      return Promise.resolve()
    },
  }
}

const memoryOf = ({ stored: { buffer } }: WantedSegment<unknown>): ArrayBuffer[] =>
  buffer instanceof ArrayBuffer ? [buffer] : []

const newLoad = (): Load => ({
  wanted: [],
  usesOf: new Map(),
  partial: new Set(),
  uses: 0,
  bytes: 0,
})

type Work = () => Promise<void>

interface Reading {
  /** Never rejects. */
  readonly end: Promise<{ readonly error: unknown } | undefined>
  /** To be done after it. */
  readonly later: readonly Work[]
}

export function createBatch({ chunks }: RestoreContext, writers?: Writers): Batch {
  let load = newLoad()
  let later: Work[] = []
  let reading: Reading | undefined

  const read = async () => {
    const { wanted, usesOf, bytes } = load
    load = newLoad()
    if (wanted.length === 0) return
    const isLittle = wanted.length < littleChunks && bytes < littleBytes
    await chunks.loadMany(wanted, {
      crew: writers === undefined || isLittle ? undefined : crewOf(writers, usesOf),
      use: async ({ id }, plaintext) => {
        for (const { file, position } of usesOf.get(id) ?? []) await file.write(plaintext, position)
      },
      failed: async ({ id }, error) => {
        for (const { file } of usesOf.get(id) ?? []) await file.fail(error)
      },
    })
  }
  const begin = () => {
    const end = read().then(
      () => undefined,
      (error: unknown) => ({ error }),
    )
    reading = { end, later }
    later = []
  }
  const settle = async () => {
    if (reading === undefined) return
    const { end, later: works } = reading
    const failure = await end
    reading = undefined
    if (failure !== undefined) throw failure.error
    for (const work of works) {
      const before = load.uses
      await work()
      // A name that could not be linked has become a file of its own; what follows waits for it.
      if (load.uses > before) await read()
    }
  }
  return {
    get isFull() {
      return (
        load.uses >= mostUses ||
        load.bytes >= mostBytes ||
        load.partial.size >= mostOpenFiles ||
        later.length >= mostAfterwards
      )
    },
    add: (file, reference, position) => {
      const known = load.usesOf.get(reference.id)
      if (known === undefined) {
        load.usesOf.set(reference.id, [{ file, position }])
        load.wanted.push(reference)
        load.bytes += reference.lengthBytes
      } else known.push({ file, position })
      load.uses++
      if (position > 0) load.partial.add(file)
    },
    afterwards: (work) => {
      later.push(work)
    },
    flush: async () => {
      await settle()
      begin()
    },
    finish: async () => {
      await settle()
      begin()
      await settle()
    },
    stop: async () => {
      await reading?.end
    },
  }
}
