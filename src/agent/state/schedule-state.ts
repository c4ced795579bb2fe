/** How schedules, and what was done about them, lie in the state directory. */

import { z } from 'zod'
import { timeZoneNamed } from '../../policy/schedule.ts'

const timeSchema = z.int().min(0)

/** A schedule's settings, as `checkedSchedule` has put them in order. */
export const scheduleSchema = z.strictObject({
  minutesOfDay: z.array(z.int().min(0).max(1439)).min(1).max(3),
  weekly: z
    .strictObject({
      daysOfWeek: z.array(z.int().min(0).max(6)).min(1),
      everyWeeks: z.int().min(1).max(4),
      countedFrom: z.int(),
    })
    .nullable(),
  timeZone: z
    .string()
    .refine((zone) => timeZoneNamed(zone) !== undefined)
    .nullable(),
  randomDelayMs: timeSchema,
})

const servedSchema = z.strictObject({
  /** Every scheduled instant up to here has its point. */
  servedUntilMs: timeSchema.optional(),
  /** Of the instant that is being tried for. */
  tries: z
    .strictObject({ scheduledMs: timeSchema, firstMs: timeSchema, lastMs: timeSchema })
    .optional(),
  /** When the run of an instant begins, by its random delay. */
  chosen: z.strictObject({ scheduledMs: timeSchema, startMs: timeSchema }).optional(),
})

/** By source. */
export const servedSourcesSchema = z.record(z.string(), servedSchema)

export type ServedSource = z.output<typeof servedSchema>
export type ServedSources = z.output<typeof servedSourcesSchema>
