/** What each source backs up, when and how, as the agent keeps it. */

import { z } from 'zod'
import { fromBase64Url, toBase64Url } from '../../base/bytes.ts'
import { compressions, type Compression } from '../../policy/compression.ts'
import type { Hooks } from '../../policy/hooks.ts'
import type { NoticeSettings } from '../../policy/notices.ts'
import type { RetentionPolicy } from '../../policy/retention.ts'
import type { ScheduleSettings } from '../../policy/schedule.ts'
import type { SelectionSettings } from '../../policy/selection.ts'
import type { ThrottleSettings } from '../../policy/throttle.ts'
import { retentionPolicySchema, sourceNameSchema } from '../../protocol/messages.ts'
import { hooksSchema } from './hooks-state.ts'
import { noticesSchema } from './notices-state.ts'
import { scheduleSchema } from './schedule-state.ts'
import { selectionSchema } from './selection-state.ts'
import { throttleSchema } from './throttle-state.ts'
import { watchSchema, type WatchSettings } from './watch-state.ts'

const bytesSchema = z.string().transform((text, context) => {
  const bytes = fromBase64Url(text)
  if (bytes !== undefined) return bytes
  context.addIssue('not base64url')
  return z.NEVER
})

/** Paths are bytes; `shown` is for people who open the file. */
const pathSchema = z.strictObject({ bytes: bytesSchema, shown: z.string() })

/** What keeps a source from being backed up by its schedule: for a while, or for good. */
const activities = ['paused', 'stopped'] as const
export type Activity = (typeof activities)[number]

export const policySchema = z.strictObject({
  sources: z.record(
    sourceNameSchema,
    z.strictObject({
      include: z.array(pathSchema),
      exclude: z.array(z.string()),
      schedule: scheduleSchema.optional(),
      throttle: throttleSchema.optional(),
      selection: selectionSchema.optional(),
      compression: z.enum(compressions).optional(),
      watch: watchSchema.optional(),
      hooks: hooksSchema.optional(),
      metrics: z.string().optional(),
      notices: noticesSchema.optional(),
      activity: z.enum(activities).optional(),
      retention: retentionPolicySchema.optional(),
    }),
  ),
})

/** Of one source, paths and patterns in the user's order. */
export interface SourcePolicy {
  readonly include: readonly IncludedPath[]
  readonly exclude: readonly string[]
  /** Undefined: `defaultSchedule`. */
  readonly schedule?: ScheduleSettings | undefined
  /** Undefined: no limit. */
  readonly throttle?: ThrottleSettings | undefined
  /** Undefined: `defaultSelection`. */
  readonly selection?: SelectionSettings | undefined
  readonly compression?: Compression | undefined
  /** Undefined: `defaultWatch`. */
  readonly watch?: WatchSettings | undefined
  readonly hooks?: Hooks | undefined
  /** The file for Prometheus; undefined: none. */
  readonly metrics?: string | undefined
  /** Undefined: nobody is told. */
  readonly notices?: NoticeSettings | undefined
  /** Undefined: it is backed up. */
  readonly activity?: Activity | undefined
  /** Wanted here; what counts is at the vault. Undefined: as the vault has it. */
  readonly retention?: RetentionPolicy | undefined
}

export interface IncludedPath {
  readonly bytes: Uint8Array
  readonly shown: string
}

export type Policy = Readonly<Record<string, SourcePolicy>>

/** As the file has it. */
export const encodedPolicy = (policy: Policy) =>
  Object.fromEntries(
    Object.entries(policy).map(([source, { include, ...others }]) => [
      source,
      {
        ...others,
        include: include.map(({ bytes, shown }) => ({ bytes: toBase64Url(bytes), shown })),
      },
    ]),
  )
