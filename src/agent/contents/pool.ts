/** Reads files and stores values by threads: jobs in, answers out, and as many on their way as there is room for. */

import type { ChunkReference } from '../../model/ids.ts'
import { createBatches } from './batches.ts'
import { createCrew, outOfTurn, systemErrorOf, type CrewOptions } from './crew.ts'
import type { ContentJob, FilePiece, FileRead, JobResult } from './messages.ts'

export interface ContentPool {
  /** Resolves when another job may be given; throws when no more work is wanted. */
  room(): Promise<void>
  /** Throws an error with the system's code when the file can not be read. */
  file(path: Uint8Array, expectedBytes: number): Promise<FileRead>
  /** Stores a value as chunks. */
  value(bytes: Uint8Array): Promise<readonly ChunkReference[]>
  /** Stores known pieces of a file where they are as they were: so many bytes. Throws as `file` does. */
  pieces(path: Uint8Array, pieces: readonly FilePiece[]): Promise<number>
  /** Hands out the last packs: no more jobs. */
  finish(): Promise<void>
  /** Lets go whoever waits, with the error: threads may wait for room that never comes. */
  fail(error: unknown): void
  close(): Promise<void>
}

export interface ContentPoolOptions extends Omit<CrewOptions, 'onResults' | 'onBroken'> {
  readonly signal: AbortSignal
}

/** Jobs given and not answered: enough for all threads; each is memory that the collector copies until it is answered. */
const mostJobs = 1024

interface Waiting {
  readonly resolve: (result: JobResult) => void
  readonly reject: (error: unknown) => void
}

export function createContentPool(options: ContentPoolOptions): ContentPool {
  const batches = createBatches()
  const jobs = new Map<number, Waiting>()
  let jobCount = 0
  let waiters: (() => void)[] = []
  let failure: { readonly error: unknown } | undefined
  let isCutPlanned = false

  const check = () => {
    if (failure !== undefined) throw failure.error
  }
  const wake = () => {
    const woken = waiters
    waiters = []
    for (const go of woken) go()
  }
  const fail = (error: unknown) => {
    failure ??= { error }
    for (const { reject } of jobs.values()) reject(error)
    jobs.clear()
    wake()
    crew.fail(error)
  }
  const settle = (result: JobResult) => {
    const waiting = jobs.get(result.number)
    jobs.delete(result.number)
    if (result.kind === 'failed') waiting?.reject(systemErrorOf(result.error))
    else waiting?.resolve(result)
  }
  const crew = createCrew({
    ...options,
    onResults: (results) => {
      results.forEach(settle)
      crew.dispatch(batches)
      wake()
    },
    onBroken: fail,
  })
  const cut = () => {
    isCutPlanned = false
    batches.cut()
    crew.dispatch(batches)
  }
  /** What is left in a batch when the walk pauses must not wait for more. */
  const planCut = () => {
    if (!isCutPlanned) setImmediate(cut)
    isCutPlanned = true
  }
  const give = (job: ContentJob, expectedBytes: number): Promise<JobResult> =>
    new Promise((resolve, reject) => {
      check()
      jobs.set(job.number, { resolve, reject })
      batches.add(job, expectedBytes)
      crew.dispatch(batches)
      planCut()
    })
  options.signal.addEventListener('abort', () => {
    fail(options.signal.reason)
  })
  return {
    room: async () => {
      check()
      if (jobs.size < mostJobs) return
      cut()
      await new Promise<void>((resolve) => waiters.push(resolve))
      check()
    },
    file: async (path, expectedBytes) => {
      const result = await give({ kind: 'file', number: jobCount++, path }, expectedBytes)
      if (result.kind === 'file') return result.file
      throw outOfTurn()
    },
    value: async (bytes) => {
      const result = await give({ kind: 'value', number: jobCount++, bytes }, bytes.length)
      if (result.kind === 'value') return result.chunks
      throw outOfTurn()
    },
    pieces: async (path, pieces) => {
      const bytes = pieces.reduce((sum, { reference }) => sum + reference.lengthBytes, 0)
      const result = await give({ kind: 'pieces', number: jobCount++, path, pieces }, bytes)
      if (result.kind === 'pieces') return result.foundBytes
      throw outOfTurn()
    },
    finish: async () => {
      check()
      await crew.finish()
    },
    fail,
    close: () => crew.close(),
  }
}
