/** What the daemon says of itself to `backup status`. */

import { z } from 'zod'
import { watchStatusSchema } from '../journal/messages.ts'

const timeSchema = z.int().min(0)

export const daemonStatusSchema = z.object({
  pid: z.int(),
  version: z.string(),
  startedMs: timeSchema,
  /** Runs that go on; since when the first of them. */
  running: z.object({ sinceMs: timeSchema, sources: z.array(z.string()) }).nullable(),
  /** The last run that this daemon started: its exit status; null where a signal ended it. */
  last: z.object({ endedMs: timeSchema, code: z.int().nullable() }).nullable(),
  /** What it watches. */
  watched: z.array(watchStatusSchema),
  /** When each source is due next; a time that has passed: it is due now. */
  next: z.array(z.object({ source: z.string(), atMs: timeSchema })),
})

export type DaemonStatus = z.output<typeof daemonStatusSchema>
