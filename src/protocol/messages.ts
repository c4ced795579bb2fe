/** Schemas of all JSON messages between agent and vault. Unknown fields in answers are ignored, in requests refused. */

import { z } from 'zod'
import {
  objectKinds,
  parseMachineId,
  parseObjectId,
  parseRecordHash,
  parseSourceName,
  parseVaultId,
} from '../model/ids.ts'
import { limits } from './routes.ts'

const hex16 = z.string().regex(/^[0-9a-f]{32}$/)
const hex32 = z.string().regex(/^[0-9a-f]{64}$/)
const base64Url = (maxBytes: number) =>
  z
    .string()
    .max(Math.ceil((maxBytes * 4) / 3) + 4)
    .regex(/^[A-Za-z0-9_-]*$/)
const counter = z.int().min(0)
const timeMs = z.int().min(0)

export const vaultIdSchema = hex16.transform(parseVaultId)
export const machineIdSchema = hex16.transform(parseMachineId)
export const objectIdSchema = hex32.transform(parseObjectId)
export const recordHashSchema = hex32.transform(parseRecordHash)
export const sourceNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/)
  .transform(parseSourceName)
/** What a machine is called: 1 to 64 printable characters, none of them a control character. */
export const machineNameSchema = z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,63}$/u)

export const errorAnswerSchema = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    hint: z.string().optional(),
    facts: z.record(z.string(), z.unknown()).optional(),
  }),
})

const enrolBase = {
  vaultId: vaultIdSchema,
  serial: counter,
  requestId: hex16,
}

export const enrolRequestSchema = z.strictObject({
  ...enrolBase,
  machineName: machineNameSchema,
  csr: base64Url(limits.csrBytes),
  signature: base64Url(64),
})

export const enrolAnswerSchema = z.object({
  vaultName: z.string(),
  machineId: machineIdSchema,
  machineName: z.string(),
  certificate: z.string(),
})

export const recoveryStartRequestSchema = z.strictObject({
  ...enrolBase,
  signature: base64Url(64),
})

export const recoveryStartAnswerSchema = z.object({
  nonce: hex32,
  slots: z
    .array(
      z.object({
        repository: counter,
        slot: counter,
        salt: hex32,
        memoryKiB: counter,
        passes: counter,
        lanes: counter,
      }),
    )
    .min(1)
    .max(64),
})

export const recoveryFinishRequestSchema = z.strictObject({
  ...enrolBase,
  nonce: hex32,
  repository: counter,
  slot: counter,
  csr: base64Url(limits.csrBytes),
  signature: base64Url(64),
  proof: base64Url(64),
  /** To become the machine instead of reading what it kept. */
  takeover: z.strictObject({ pin: z.string().max(16).nullable() }).optional(),
})

/** `fingerprint`: of the certificate that is followed; its key signs. */
export const renewRequestSchema = z.strictObject({
  fingerprint: hex32,
  requestId: hex16,
  csr: base64Url(limits.csrBytes),
  signature: base64Url(64),
})

/** `readOnlyUntil`: null after a takeover. */
export const recoveryFinishAnswerSchema = enrolAnswerSchema.extend({
  readOnlyUntil: timeMs.nullable(),
})

export const serviceAnswerSchema = z.object({
  vaultId: vaultIdSchema,
  vaultName: z.string(),
  machineId: machineIdSchema,
  machineName: z.string(),
  access: z.enum(['full', 'read-only']),
  serverTime: timeMs,
  clonedAt: timeMs.nullable(),
  /** PEM certificates of the authorities to trust from now on: today's, and its successor when there is one. */
  authorities: z.array(z.string()).min(1).max(4),
})

export const numbersAnswerSchema = z.object({ numbers: z.array(counter) })

/** `next`: the number of the next one to add. */
export const slotsAnswerSchema = numbersAnswerSchema.extend({ next: counter })

/** A key slot to add (its bytes), and numbers of those that shall open nothing any more. */
export const slotChangeSchema = z.strictObject({
  add: z.strictObject({ number: counter, slot: base64Url(limits.recordBytes) }).nullable(),
  remove: z.array(counter).max(64),
})

/** What a repository begins with: its first config and its first key slot. */
export const repositoryBeginningSchema = z.strictObject({
  config: base64Url(limits.firstConfigBytes),
  slot: base64Url(limits.recordBytes),
})

export const objectListingSchema = z.object({
  id: objectIdSchema,
  kind: z.enum(objectKinds),
  sizeBytes: counter,
  receivedAt: timeMs,
})

export const objectsAnswerSchema = z.object({
  objects: z.array(objectListingSchema),
  /** The `after` of the next page; null on the last. */
  next: objectIdSchema.nullable(),
})

export const missingRequestSchema = z.strictObject({
  ids: z.array(objectIdSchema).max(limits.idsPerRequest),
})
export const missingAnswerSchema = z.object({ missing: z.array(objectIdSchema) })

export const sourcesAnswerSchema = z.object({
  sources: z.array(
    z.object({ source: sourceNameSchema, headSeq: counter, headHash: recordHashSchema }),
  ),
})

export const pointStates = ['kept', 'deleted', 'removed'] as const
export type PointState = (typeof pointStates)[number]

export const storedPointSchema = z.object({
  source: sourceNameSchema,
  seq: counter,
  /** The commit record's bytes. */
  commit: base64Url(limits.recordBytes),
  /** The vault's newest record of it. */
  record: base64Url(limits.recordBytes),
  /** Deleted: can be taken back. Removed: nothing but its records is there. */
  state: z.enum(pointStates),
  deletedUntil: timeMs.nullable(),
})

export const pointsAnswerSchema = z.object({
  points: z.array(storedPointSchema),
  next: z.object({ source: sourceNameSchema, seq: counter }).nullable(),
})

const keptFor = z.int().min(1).max(40_000).nullable()
const dayOfMonthSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('day'), day: z.int().min(1).max(31) }),
  z.strictObject({
    kind: z.literal('weekday'),
    nth: z.int().min(1).max(5),
    weekday: z.int().min(0).max(6),
  }),
])

/** As in src/policy/retention.ts. */
export const retentionPolicySchema = z.strictObject({
  keep: z.strictObject({ daily: keptFor, weekly: keptFor, monthly: keptFor, yearly: keptFor }),
  minuteOfDay: z.int().min(0).max(1_439),
  daysOfWeek: z.array(z.int().min(0).max(6)).min(1).max(7),
  monthly: dayOfMonthSchema,
  yearly: z.strictObject({ month: z.int().min(1).max(12), day: dayOfMonthSchema }),
  timeZone: z.string().min(1).max(64),
})

/** A policy for one source; `source` is in it, so that a PIN is for that one. */
export const retentionRequestSchema = z.strictObject({
  source: sourceNameSchema,
  policy: retentionPolicySchema,
})

export const retentionCancelSchema = z.strictObject({ source: sourceNameSchema })

/** Everything that the machine has kept; it says so, so that the request is no empty one. */
export const giveUpRequestSchema = z.strictObject({ giveUp: z.literal('all data') })

export const retentionAnswerSchema = z.object({
  policy: retentionPolicySchema,
  /** Shorter: in force from then on, unless it is cancelled. */
  pending: z.object({ policy: retentionPolicySchema, from: timeMs }).nullable(),
})

/** Points that are to be kept until a time, whatever policies say. */
export const wantedRequestSchema = z.strictObject({
  points: z.array(recordHashSchema).min(1).max(limits.pointsPerRequest),
  until: timeMs,
})

/** Points to delete or to take back, by their ids. */
export const pointsRequestSchema = z.strictObject({
  points: z.array(recordHashSchema).min(1).max(limits.pointsPerRequest),
})

export const changedPointsAnswerSchema = z.object({
  points: z.array(
    z.object({
      pointId: recordHashSchema,
      source: sourceNameSchema,
      seq: counter,
      state: z.enum(pointStates),
      deletedUntil: timeMs.nullable(),
    }),
  ),
})

/** What retention will do with a machine's points. Reasons as in src/policy/retention-verdict.ts. */
export const retentionPlanSchema = z.object({
  /** The clock has jumped: nothing happens until it is confirmed. */
  suspended: z.boolean(),
  points: z.array(
    z.object({
      pointId: recordHashSchema,
      source: sourceNameSchema,
      seq: counter,
      committedAt: timeMs,
      state: z.enum(pointStates),
      reasons: z.array(z.object({ kind: z.string(), until: timeMs.nullable() })),
      deletedAt: timeMs.nullable(),
      removedAt: timeMs.nullable(),
      freedAt: timeMs.nullable(),
      freedBytes: counter,
    }),
  ),
})

/** Facts of a `pin-required` error: what the operator is told. */
export const pinRequiredFactsSchema = z.object({
  requestCode: z.string().regex(/^[0-9a-f]{4}(-[0-9a-f]{4}){2}$/),
})

/** Facts of a `commit-missing` error. */
export const commitMissingFactsSchema = z.object({
  missing: z.array(objectIdSchema),
  more: z.boolean(),
})

export const runKinds = ['backup', 'restore', 'verify'] as const

/** What a machine tells about a run: no names of files. */
export const runReportSchema = z.strictObject({
  kind: z.enum(runKinds),
  source: sourceNameSchema.nullable(),
  startedAt: timeMs,
  endedAt: timeMs.nullable(),
  outcome: z.enum(['running', 'done', 'left-out', 'failed', 'interrupted']),
  errorCode: z.string().max(64).nullable(),
  pointId: recordHashSchema.nullable(),
  files: counter,
  bytesRead: counter,
  bytesSent: counter,
  bytesStored: counter,
  leftOut: counter,
  agentVersion: z.string().max(64),
})

/** `lineage`: the token that the machine told last, and its new one. */
export const toldRunSchema = runReportSchema.extend({
  lineage: z.strictObject({ seen: hex16.nullable(), next: hex16 }).optional(),
})

/** When two copies of this machine were last seen at work; null: one machine. */
export const runAnswerSchema = z.object({ clonedAt: timeMs.nullable() })

export const eventsAnswerSchema = z.object({
  feed: hex16,
  cursor: counter,
  events: z.array(
    z.object({
      kind: z.enum(['damaged', 'trashed', 'purged']),
      repository: counter,
      id: objectIdSchema,
    }),
  ),
})

export type EnrolRequest = z.output<typeof enrolRequestSchema>
export type EnrolAnswer = z.output<typeof enrolAnswerSchema>
export type RenewRequest = z.output<typeof renewRequestSchema>
export type RecoveryStartRequest = z.output<typeof recoveryStartRequestSchema>
export type RecoveryStartAnswer = z.output<typeof recoveryStartAnswerSchema>
export type RecoveryFinishRequest = z.output<typeof recoveryFinishRequestSchema>
export type RecoveryFinishAnswer = z.output<typeof recoveryFinishAnswerSchema>
export type ServiceAnswer = z.output<typeof serviceAnswerSchema>
export type SlotChange = z.output<typeof slotChangeSchema>
export type RepositoryBeginning = z.output<typeof repositoryBeginningSchema>
export type SlotsAnswer = z.output<typeof slotsAnswerSchema>
export type ObjectListing = z.output<typeof objectListingSchema>
export type RetentionPlanAnswer = z.output<typeof retentionPlanSchema>
export type RetentionAnswer = z.output<typeof retentionAnswerSchema>
export type RetentionRequest = z.output<typeof retentionRequestSchema>
export type PointsRequest = z.output<typeof pointsRequestSchema>
export type ChangedPoints = z.output<typeof changedPointsAnswerSchema>
export type ChangedPoint = ChangedPoints['points'][number]
export type StoredPoint = z.output<typeof storedPointSchema>
export type RunReport = z.output<typeof runReportSchema>
export type ToldRun = z.output<typeof toldRunSchema>
export type RunAnswer = z.output<typeof runAnswerSchema>
export type EventsAnswer = z.output<typeof eventsAnswerSchema>
