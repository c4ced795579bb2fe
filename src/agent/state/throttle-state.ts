/** The limits of the line in the policy file. */

import { z } from 'zod'

const rateSchema = z.int().min(1).nullable()
const ratesSchema = z.strictObject({ upload: rateSchema, download: rateSchema })
const minuteSchema = z
  .int()
  .min(0)
  .max(24 * 60 - 1)

export const throttleSchema = z.strictObject({
  rates: ratesSchema,
  workHours: z
    .strictObject({
      daysOfWeek: z.array(z.int().min(0).max(6)),
      fromMinute: minuteSchema,
      toMinute: minuteSchema,
      rates: ratesSchema,
    })
    .nullable(),
})
