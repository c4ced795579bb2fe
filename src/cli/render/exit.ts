/** How a command ends: the exit status, and what is said about it. */

import { BackupError, exitStatus, messageOf, type ExitName } from '../../base/errors.ts'
import type { EventFields, Output } from './output.ts'

export interface ExitRecord extends EventFields {
  readonly event: 'exit'
  /** The exit status. */
  readonly code: number
  readonly name: ExitName
  readonly message: string | null
  readonly hint: string | null
  /** Which error, by its code in docs/errors.md; null where there was none. */
  readonly error: string | null
}

export const doneRecord = (name: ExitName = 'done'): ExitRecord => ({
  event: 'exit',
  code: exitStatus[name],
  name,
  message: null,
  hint: null,
  error: null,
})

export function exitRecordOf(error: unknown): ExitRecord {
  const known = error instanceof BackupError ? error : undefined
  const name = known?.exit ?? 'failed'
  return {
    event: 'exit',
    code: exitStatus[name],
    name,
    message: messageOf(error),
    hint: known?.hint ?? null,
    error: known?.code ?? 'internal',
  }
}

/** Tells people what failed and what helps; tells machines how it ended. Returns the exit status. */
export function sayExit(output: Output, record: ExitRecord, error?: unknown): number {
  if (!output.json && record.message !== null) {
    output.warn(`Error: ${record.message}`)
    if (record.hint !== null) output.warn(record.hint)
    for (const line of causesOf(error)) output.detail(`  because: ${line}`)
  }
  output.event(record)
  return record.code
}

function* causesOf(error: unknown): Iterable<string> {
  let at = error instanceof Error ? error.cause : undefined
  for (let depth = 0; at !== undefined && depth < 8; depth += 1) {
    yield messageOf(at)
    at = at instanceof Error ? at.cause : undefined
  }
}
