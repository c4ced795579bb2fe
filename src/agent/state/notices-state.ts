/** Notices in the state directory: how they are sent, and what was told. */

import { z } from 'zod'
import { mailSecurities, noticeKinds } from '../../policy/notices.ts'

export const noticesSchema = z.strictObject({
  on: z.array(z.enum(noticeKinds)).min(1),
  details: z.boolean(),
  caFile: z.string().optional(),
  webhook: z
    .strictObject({
      url: z.string(),
      tokenFile: z.string().optional(),
      timeLimitMs: z.int().min(1),
    })
    .optional(),
  smtp: z
    .strictObject({
      host: z.string(),
      port: z.int().min(1).max(65_535),
      tls: z.enum(mailSecurities),
      from: z.string(),
      to: z.array(z.string()).min(1),
      user: z.string().optional(),
      passwordFile: z.string().optional(),
    })
    .optional(),
})

const timeSchema = z.int().min(0)

const toldSchema = z.strictObject({
  /** The failure that was told last, while it lasts. */
  failure: z.strictObject({ error: z.string(), atMs: timeSchema }).optional(),
  /** The scheduled time whose missed run was told last. */
  missedMs: timeSchema.optional(),
  /** A notice that could not be sent, until one was. */
  unsent: z.strictObject({ kind: z.string(), atMs: timeSchema, message: z.string() }).optional(),
})

/** By source. */
export const toldNoticesSchema = z.record(z.string(), toldSchema)

export type ToldNotices = z.output<typeof toldNoticesSchema>
export type Told = z.output<typeof toldSchema>
