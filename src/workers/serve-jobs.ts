/** A thread's own end: jobs come in, each is answered, one after the other. */

import { parentPort } from 'node:worker_threads'
import { createQueue } from '../base/flow.ts'
import type { Answered, Asked } from './messages.ts'
import { sentError } from './sent-error.ts'

export interface JobDone<Answer> {
  readonly answer: Answer
  /** Memory in it that changes hands: it is this answer's alone. */
  readonly transfer: readonly ArrayBuffer[]
}

export function serveJobs<Answer>(work: (job: unknown) => Promise<JobDone<Answer>>): void {
  const queue = createQueue()
  const answer = async ({ number, job }: Asked<unknown>) => {
    try {
      const done = await work(job)
      const answered: Answered<Answer> = { number, answer: done.answer }
      parentPort?.postMessage(answered, done.transfer)
    } catch (error) {
      const answered: Answered<Answer> = { number, error: sentError(error) }
      parentPort?.postMessage(answered)
    }
  }
  parentPort?.on('message', (asked: Asked<unknown>) => void queue.run(() => answer(asked)))
}
