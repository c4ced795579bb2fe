/**
 * The threads of a run. Each is begun when there is work for it: a run that finds a few changed files uses one and leaves
 * one pack; a run that finds many uses all, and still leaves one partial pack.
 */

import { BackupError } from '../../base/errors.ts'
import { nextClaimMemory } from '../../repository/claim-table.ts'
import type { WrittenPack } from '../../repository/pack-writer.ts'
import type { Batches } from './batches.ts'
import { giveRoom } from './in-flight.ts'
import { startThread, type Lane, type StartLane } from './lane.ts'
import type { ContentSetup, FromThread, JobResult, SentError } from './messages.ts'
import { sentJobs } from './sent-jobs.ts'
import { resultsSent } from './sent-results.ts'

export interface CrewOptions {
  readonly setup: ContentSetup
  /** At most. */
  readonly threads: number
  /** `whenStored` is to be called when the vault has acknowledged it: the pack's memory is the thread's again. */
  readonly onPack: (pack: WrittenPack, whenStored: () => void) => void
  /** Bytes that were read from files. */
  readonly onRead: (bytes: number) => void
  readonly onResults: (results: readonly JobResult[]) => void
  readonly onBroken: (error: Error) => void
  readonly start?: StartLane
}

export interface Crew {
  /** Gives what waits to threads that have room for it. */
  dispatch(batches: Batches): void
  /** Hands out the last packs. All jobs have to be answered before. */
  finish(): Promise<void>
  /** Lets go who waits, or will wait, for `finish`. */
  fail(error: unknown): void
  close(): Promise<void>
}

/** Batches that a thread has at hand: one in work, one to go on with. */
const batchesAtHand = 2
/** Work that waits when a further thread is begun. */
const worthAThreadBytes = 8 * 1024 * 1024

interface Working {
  readonly lane: Lane
  batches: number
}

export function createCrew(options: CrewOptions): Crew {
  const crew: Working[] = []
  const claims = [...options.setup.claims]
  let asked: PromiseWithResolvers<FromThread> | undefined
  let failure: { readonly error: unknown } | undefined
  let isClosed = false

  const growClaims = () => {
    const newest = claims.at(-1)
    const memory = newest && nextClaimMemory(newest)
    if (memory === undefined) return
    claims.push(memory)
    for (const { lane } of crew) lane.post({ kind: 'claims', memory })
  }
  const hear = (working: Working, message: FromThread) => {
    switch (message.kind) {
      case 'results':
        working.batches--
        growClaims()
        options.onResults(resultsSent(message))
        return
      case 'read':
        options.onRead(message.bytes)
        return
      case 'pack':
        options.onPack(message.pack, () => {
          giveBack(working, message.pack.bytes)
        })
        return
      case 'unfinished':
      case 'finished':
        asked?.resolve(message)
        return
      case 'broken':
        options.onBroken(brokenErrorOf(message.error))
    }
  }
  const giveBack = ({ lane }: Working, { buffer }: Uint8Array) => {
    giveRoom(options.setup.inFlight, buffer.byteLength)
    if (!isClosed && buffer instanceof SharedArrayBuffer) lane.giveBack(buffer)
  }
  const begin = (): Working => {
    const setup = { ...options.setup, claims: [...claims] }
    const lane = (options.start ?? startThread)(setup, (message) => {
      hear(working, message)
    })
    const working: Working = { lane, batches: 0 }
    crew.push(working)
    return working
  }
  /** The first that has room, so that little work stays in one thread; a new one where what waits is worth it. */
  const withRoom = (waitingBytes: number): Working | undefined => {
    const first = crew.find(({ batches }) => batches < batchesAtHand)
    if (first !== undefined) return first
    const isWorth = crew.length === 0 || waitingBytes >= worthAThreadBytes
    return isWorth && crew.length < options.threads ? begin() : undefined
  }
  const ask = (lane: Lane, kind: 'hand-over' | 'finish'): Promise<FromThread> => {
    if (failure !== undefined) throw failure.error
    asked = withResolvers<FromThread>()
    lane.post({ kind })
    return asked.promise
  }
  return {
    dispatch: (batches) => {
      while (batches.waitingBytes > 0) {
        const working = withRoom(batches.waitingBytes)
        if (working === undefined) return
        const batch = batches.take()
        if (batch === undefined) return
        working.batches++
        working.lane.post({ kind: 'work', ...sentJobs(batch.jobs) })
      }
    },
    finish: async () => {
      const [first, ...others] = crew
      if (first === undefined) return
      for (const { lane } of others) {
        const message = await ask(lane, 'hand-over')
        if (message.kind !== 'unfinished') throw outOfTurn()
        first.lane.post({ kind: 'adopt', unfinished: message.unfinished })
      }
      await ask(first.lane, 'finish')
    },
    fail: (error) => {
      failure ??= { error }
      asked?.reject(error)
    },
    close: async () => {
      isClosed = true
      await Promise.all(crew.map(({ lane }) => lane.close()))
    },
  }
}

interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
}

/** Node 20 lacks `Promise.withResolvers`. */
function withResolvers<T>(): PromiseWithResolvers<T> {
  let settle: Omit<PromiseWithResolvers<T>, 'promise'> | undefined
  const promise = new Promise<T>((resolve, reject) => (settle = { resolve, reject }))
  return { promise, resolve: (value) => settle?.resolve(value), reject: (e) => settle?.reject(e) }
}

export const outOfTurn = (): BackupError =>
  new BackupError('internal', 'A reading thread answered out of turn.')

/** As the system's own error would be: see `systemCodeOf`. */
export const systemErrorOf = ({ code, message }: SentError): Error =>
  Object.assign(new Error(message), { code })

const brokenErrorOf = ({ code, message }: SentError): Error =>
  code === undefined ? new BackupError('internal', message) : systemErrorOf({ code, message })
