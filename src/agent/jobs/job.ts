/** A job: one run, restoration or verification of this machine, and what came of it. No names of files. */

import { z } from 'zod'
import { recordHashSchema, runKinds, sourceNameSchema } from '../../protocol/messages.ts'

const counter = z.int().min(0)
const timeMs = counter

export const jobPhases = ['starting', 'working', 'ending', 'ended'] as const

export const jobSchema = z.strictObject({
  /** 16 bytes, hexadecimal: the id of its report at the vault, too. */
  id: z.string().regex(/^[0-9a-f]{32}$/),
  kind: z.enum(runKinds),
  source: sourceNameSchema.nullable(),
  /** Of the process that is at it, while it holds the job's lock. */
  pid: counter,
  startedAt: timeMs,
  endedAt: timeMs.nullable(),
  phase: z.enum(jobPhases),
  outcome: z.enum(['running', 'done', 'left-out', 'failed', 'interrupted']),
  errorCode: z.string().max(64).nullable(),
  pointId: recordHashSchema.nullable(),
  files: counter,
  bytesRead: counter,
  bytesSent: counter,
  bytesStored: counter,
  leftOut: counter,
  /** The vault knows how it ended. */
  isTold: z.boolean(),
  /** What became of the notice of it; none was to be sent where it is missing. */
  notice: z.enum(['sent', 'failed', 'repeated']).optional(),
  /** Why it could not be sent. */
  noticeFailure: z.string().max(1000).optional(),
})

export type Job = z.output<typeof jobSchema>

/** What is learned of a job while it goes on. */
export type JobFacts = Partial<
  Omit<Job, 'id' | 'kind' | 'source' | 'pid' | 'startedAt' | 'endedAt'>
>
