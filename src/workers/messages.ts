/** What a pool and its threads say to each other. */

import type { SentError } from './sent-error.ts'

export interface Asked<Job> {
  readonly number: number
  readonly job: Job
}

export type Answered<Answer> =
  | { readonly number: number; readonly answer: Answer }
  | { readonly number: number; readonly error: SentError }
