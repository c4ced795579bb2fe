/** Threads that answer jobs. Each is begun when there is a job that none of the others has time for. */

import { Worker } from 'node:worker_threads'
import { BackupError, messageOf } from '../base/errors.ts'
import type { Answered, Asked } from './messages.ts'
import { receivedError } from './sent-error.ts'

export interface Pool<Job, Answer> {
  /** `transfer`: memory in the job that changes hands. Rejects with the job's error, or `internal` where a thread ended. */
  run(job: Job, transfer?: readonly ArrayBuffer[]): Promise<Answer>
  close(): Promise<void>
}

export interface PoolOptions {
  /** A built file that calls `serveJobs`. */
  readonly script: URL
  /** Its `workerData`. */
  readonly setup: unknown
  /** At most. */
  readonly threads: number
}

/** What jobs bring is of no use after them: collected often, it takes less room. */
const resourceLimits = { maxYoungGenerationSizeMb: 6 }

/** Jobs that a thread has at hand: one in work, one to go on with. */
const jobsAtHand = 2

interface Waiting<Job, Answer> {
  readonly job: Job
  readonly transfer: readonly ArrayBuffer[]
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

interface Member<Job, Answer> {
  readonly worker: Worker
  readonly jobs: Map<number, Waiting<Job, Answer>>
}

export function startPool<Job, Answer>(options: PoolOptions): Pool<Job, Answer> {
  const members: Member<Job, Answer>[] = []
  const waiting: Waiting<Job, Answer>[] = []
  let failure: { readonly error: unknown } | undefined
  let count = 0

  /** What a thread had in work can not be told: nobody waits for it, and nothing more is begun. */
  const fail = (error: unknown) => {
    failure ??= { error }
    for (const { jobs } of members) {
      for (const { reject } of jobs.values()) reject(error)
      jobs.clear()
    }
    for (const { reject } of waiting.splice(0)) reject(error)
  }
  const settle = ({ jobs }: Member<Job, Answer>, answered: Answered<Answer>) => {
    const job = jobs.get(answered.number)
    jobs.delete(answered.number)
    if ('error' in answered) job?.reject(receivedError(answered.error))
    else job?.resolve(answered.answer)
    dispatch()
  }
  const begin = (): Member<Job, Answer> => {
    const { script, setup } = options
    const worker = new Worker(script, { workerData: setup, resourceLimits })
    const member: Member<Job, Answer> = { worker, jobs: new Map() }
    worker.on('message', (answered: Answered<Answer>) => {
      settle(member, answered)
    })
    worker.on('error', (error) => {
      fail(endedError(messageOf(error), error))
    })
    worker.on('exit', (code) => {
      fail(endedError(`exit status ${code}`))
    })
    members.push(member)
    return member
  }
  const withTime = (): Member<Job, Answer> | undefined => {
    const [first] = [...members].sort((a, b) => a.jobs.size - b.jobs.size)
    if (first?.jobs.size === 0) return first
    if (members.length < options.threads) return begin()
    return first !== undefined && first.jobs.size < jobsAtHand ? first : undefined
  }
  const dispatch = () => {
    while (waiting.length > 0) {
      const member = withTime()
      const next = member && waiting.shift()
      if (next === undefined) return
      const asked: Asked<Job> = { number: count++, job: next.job }
      member?.jobs.set(asked.number, next)
      member?.worker.postMessage(asked, next.transfer)
    }
  }
  return {
    run: (job, transfer = []) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) throw failure.error
        waiting.push({ job, transfer, resolve, reject })
        dispatch()
      }),
    close: async () => {
      for (const { worker } of members) worker.removeAllListeners()
      await Promise.all(members.map(({ worker }) => worker.terminate()))
    },
  }
}

const endedError = (why: string, cause?: unknown): BackupError =>
  new BackupError('internal', `A thread ended before its work: ${why}.`, { cause })
