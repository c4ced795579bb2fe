/** Commands of the user's own, around the runs of a source. */

import { BackupError } from '../base/errors.ts'
import { hourMs } from '../base/clock.ts'

/** `after` comes at every end, before the one of the outcome. */
export const hookNames = ['before', 'after', 'on-success', 'on-warning', 'on-failure'] as const
export type HookName = (typeof hookNames)[number]

export interface Hook {
  /** For the system's shell. */
  readonly run: string
  /** After that it is ended, with all that it started. */
  readonly timeLimitMs: number
}

export type Hooks = { readonly [Name in HookName]?: Hook | undefined }

export const defaultTimeLimitMs = hourMs
const mostTimeLimitMs = 24 * hourMs
const mostCharacters = 4096

/** @throws BackupError `usage` */
export function checkedHook(run: string, timeLimitMs = defaultTimeLimitMs): Hook {
  if (run.trim() === '' || run.length > mostCharacters || run.includes('\0')) {
    throw new BackupError('usage', `A hook is a command of up to ${mostCharacters} characters.`)
  }
  if (timeLimitMs > 0 && timeLimitMs <= mostTimeLimitMs) return { run, timeLimitMs }
  throw new BackupError('usage', 'The time limit of a hook is out of range: at most 24h.')
}
