/**
 * Jobs as they go to a thread: the paths of all of them in one piece of memory. Each by itself would take the memory along
 * that it shares with whatever was made beside it, and a while to be told apart.
 */

import { joinBytes } from '../../base/bytes.ts'
import type { ContentJob, SentJobs } from './messages.ts'

export const sentJobs = (jobs: readonly ContentJob[]): SentJobs => ({
  jobs: jobs.map((job) => {
    if (job.kind === 'file')
      return { kind: job.kind, number: job.number, pathBytes: job.path.length }
    return job.kind === 'value'
      ? { ...job, bytes: Uint8Array.from(job.bytes) }
      : { ...job, path: Uint8Array.from(job.path) }
  }),
  paths: joinBytes(jobs.flatMap((job) => (job.kind === 'file' ? [job.path] : []))),
})

export function jobsSent({ jobs, paths }: SentJobs): ContentJob[] {
  let at = 0
  return jobs.map((job) => {
    if (job.kind !== 'file') return job
    const start = at
    at += job.pathBytes
    return { kind: 'file', number: job.number, path: paths.subarray(start, at) }
  })
}
