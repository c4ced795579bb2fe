/** Jobs go to threads in batches: a message for each small file would cost as much as reading it. */

import type { ContentJob } from './messages.ts'

export interface Batch {
  readonly jobs: readonly ContentJob[]
  readonly bytes: number
}

export interface Batches {
  add(job: ContentJob, expectedBytes: number): void
  /** Ends the batch that is being filled. */
  cut(): void
  take(): Batch | undefined
  /** Bytes of whole batches that wait. */
  readonly waitingBytes: number
}

const fullJobs = 64
const fullBytes = 4 * 1024 * 1024
/** Opening a file costs as much as reading so many bytes. */
const bytesOfOpening = 32 * 1024

export function createBatches(): Batches {
  const whole: Batch[] = []
  let jobs: ContentJob[] = []
  let bytes = 0
  let waitingBytes = 0

  const cut = () => {
    if (jobs.length === 0) return
    whole.push({ jobs, bytes })
    waitingBytes += bytes
    jobs = []
    bytes = 0
  }
  return {
    add: (job, expectedBytes) => {
      jobs.push(job)
      bytes += bytesOfOpening + expectedBytes
      if (jobs.length >= fullJobs || bytes >= fullBytes) cut()
    },
    cut,
    take: () => {
      const batch = whole.shift()
      waitingBytes -= batch?.bytes ?? 0
      return batch
    },
    get waitingBytes() {
      return waitingBytes
    },
  }
}
