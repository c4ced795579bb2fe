/** What the run, the daemon and its watching thread say to each other. Paths are bytes, in base64url. */

import { z } from 'zod'
import { watcherReasons } from '../backup/watched.ts'
import { recordHashSchema } from '../../protocol/messages.ts'
import { selectionSchema } from '../state/selection-state.ts'

/** A source as it is to be watched. */
export const watchedSourceSchema = z.strictObject({
  source: z.string(),
  include: z.array(z.string()),
  exclude: z.array(z.string()),
  selection: selectionSchema,
  mostDirectories: z.int().min(1),
})
export type WatchedSource = z.output<typeof watchedSourceSchema>

export const watermarkSchema = z.strictObject({
  point: recordHashSchema,
  fullMs: z.int(),
  hasLinks: z.boolean(),
})

/** `policy`: a digest of what the run takes for the source's policy. */
export const questionSchema = z.discriminatedUnion('ask', [
  z.strictObject({ ask: z.literal('changes'), source: z.string(), policy: z.string() }),
  z.strictObject({
    ask: z.literal('covered'),
    source: z.string(),
    token: z.string(),
    base: watermarkSchema,
  }),
])
export type Question = z.output<typeof questionSchema>

export const answerSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('scan'),
    reason: z.enum([...watcherReasons, 'off', 'not-watched']),
    token: z.string().optional(),
  }),
  z.strictObject({
    kind: z.literal('changes'),
    token: z.string(),
    base: watermarkSchema,
    dirty: z.array(z.strictObject({ path: z.string(), whole: z.boolean() })),
  }),
])
export type Answer = z.output<typeof answerSchema>

/** For `backup status`. */
export const watchStatusSchema = z.strictObject({
  source: z.string(),
  /** Watched directories. */
  directories: z.int(),
  /** Directories to be looked at by the next run. */
  changed: z.int(),
  /** Why the next run looks everywhere; null where it goes by the journal. */
  scan: z.enum(watcherReasons).nullable(),
})
export type WatchStatus = z.output<typeof watchStatusSchema>

export type ToWatcher =
  | { readonly kind: 'sources'; readonly sources: readonly WatchedSource[] }
  | { readonly kind: 'question'; readonly number: number; readonly question: Question }
  | { readonly kind: 'status'; readonly number: number }

export type FromWatcher = { readonly number: number; readonly value: unknown }
