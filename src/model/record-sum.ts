/** Records are named by place, so they end in the SHA-256 of all that precedes (docs/format.md 1). */

import { concatBytes, equalBytes } from '../base/bytes.ts'
import { BackupError } from '../base/errors.ts'
import { sha256 } from '../base/hash.ts'

export const sumBytes = 32

export const withSum = (body: Uint8Array): Uint8Array<ArrayBuffer> =>
  concatBytes(body, sha256(body))

/** The bytes before the sum. @throws BackupError `damaged` where it does not fit, `malformed` beyond `maxBytes`. */
export function withoutSum(bytes: Uint8Array, what: string, maxBytes: number): Uint8Array {
  if (bytes.length <= sumBytes || bytes.length > maxBytes) {
    throw new BackupError('malformed', `${what} has ${bytes.length} bytes: outside the limits.`)
  }
  const body = bytes.subarray(0, bytes.length - sumBytes)
  if (!equalBytes(sha256(body), bytes.subarray(body.length))) {
    throw new BackupError('damaged', `${what} is damaged: its sum does not fit.`)
  }
  return body
}
