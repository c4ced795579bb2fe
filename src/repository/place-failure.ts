/** Which errors mean that one place of a chunk is no good, so that another may be tried. */

import { errorCodeOf, type ErrorCode } from '../base/errors.ts'

const codes: ReadonlySet<ErrorCode> = new Set([
  'not-found',
  'damaged',
  'malformed',
  'missing-data',
  'hash-mismatch',
  'unsupported-format',
  'epoch-closed',
])

/** False for what concerns everything, as a vault that can not be reached. */
export function isPlaceFailure(error: unknown): boolean {
  const code = errorCodeOf(error)
  return code !== undefined && codes.has(code)
}
