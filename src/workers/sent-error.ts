/** Errors as they are sent between threads: what tells them apart comes through. */

import { BackupError, messageOf, systemCodeOf, type ErrorCode } from '../base/errors.ts'

export type SentError =
  | {
      readonly kind: 'own'
      readonly code: ErrorCode
      readonly message: string
      readonly hint: string | undefined
    }
  /** The system's, as `EPERM`; or something else, without a code. */
  | { readonly kind: 'other'; readonly code: string | undefined; readonly message: string }

export function sentError(error: unknown): SentError {
  const message = messageOf(error)
  if (!(error instanceof BackupError)) return { kind: 'other', code: systemCodeOf(error), message }
  return { kind: 'own', code: error.code, message, hint: error.hint }
}

export function receivedError(sent: SentError): Error {
  if (sent.kind === 'own') return new BackupError(sent.code, sent.message, { hint: sent.hint })
  const error = new Error(sent.message)
  return sent.code === undefined ? error : Object.assign(error, { code: sent.code })
}
