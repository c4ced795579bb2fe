/** Whatever went wrong, as the answer that a peer gets. */

import { ZodError } from 'zod'
import { BackupError, errorTable, systemCodeOf, type ErrorCode } from '../../base/errors.ts'

export interface ErrorAnswer {
  readonly status: number
  readonly body: {
    readonly error: {
      readonly code: ErrorCode
      readonly message: string
      readonly hint?: string
      readonly facts?: Readonly<Record<string, unknown>>
    }
  }
  /** Nobody foresaw it: it belongs into the log, and its details not into the answer. */
  readonly unexpected: boolean
  readonly retryAfterSeconds?: number
}

const retryAfterSeconds = 5

export function answerOf(error: unknown): ErrorAnswer {
  const known = knownError(error)
  if (known === undefined || !tellable(known.code)) return answerWith(internal, true)
  return answerWith(known, false)
}

const internal = new BackupError('internal', 'The vault could not do that.', {
  hint: "The vault's log says why.",
})

function answerWith(error: BackupError, unexpected: boolean): ErrorAnswer {
  const status = errorTable[error.code].http
  return {
    status,
    body: {
      error: {
        code: error.code,
        message: error.message,
        ...(error.hint === undefined ? {} : { hint: error.hint }),
        ...(error.facts === undefined ? {} : { facts: error.facts }),
      },
    },
    unexpected,
    ...(status === 429 || status === 503 ? { retryAfterSeconds } : {}),
  }
}

/** Errors about the vault's own files and state would tell a peer of the vault's insides. */
const tellable = (code: ErrorCode): boolean => errorTable[code].http !== 500 || code === 'damaged'

function knownError(error: unknown): BackupError | undefined {
  if (error instanceof BackupError) {
    return error.code === 'disk-full' ? vaultFull(error) : error
  }
  if (error instanceof ZodError) return malformed(describeZod(error), error)
  if (systemCodeOf(error) === 'ENOSPC' || systemCodeOf(error) === 'EDQUOT') return vaultFull(error)
  const status = statusOf(error)
  if (status === undefined || status >= 500) return undefined
  return fromStatus(status, error)
}

/** Errors that the HTTP library itself raises carry a status. */
function fromStatus(status: number, error: unknown): BackupError {
  if (status === 413)
    return new BackupError('too-large', 'The body is too large.', { cause: error })
  if (status === 415) {
    return new BackupError(
      'unsupported-encoding',
      'The body has a type or coding that is not read here.',
      {
        cause: error,
      },
    )
  }
  if (status === 411) {
    return new BackupError('length-required', 'A Content-Length is needed.', { cause: error })
  }
  if (status === 404)
    return new BackupError('not-found', 'There is nothing here.', { cause: error })
  return malformed('The request can not be read.', error)
}

const statusOf = (error: unknown): number | undefined =>
  error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : undefined

const malformed = (message: string, cause: unknown): BackupError =>
  new BackupError('malformed', message, { cause })

const vaultFull = (cause: unknown): BackupError =>
  new BackupError('vault-full', "The vault's disk or quota is full.", {
    hint: 'Free or add space at the vault, then try again.',
    cause,
  })

/** Names the fields, not what was in them. */
function describeZod(error: ZodError): string {
  const fields = [...new Set(error.issues.map((issue) => issue.path.join('.') || 'body'))]
  return `Not a valid message: look at ${fields.slice(0, 5).join(', ')}.`
}
