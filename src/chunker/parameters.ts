/** The numbers that shape chunks. They stand in a repository's config, so they are checked before use. */

import { BackupError } from '../base/errors.ts'
import { maxChunkBytes } from '../model/limits.ts'

export interface ChunkerParameters {
  /** Every chunk but a file's last has at least this many bytes. */
  readonly minBytes: number
  /** Below it a cut needs `strictBits` zero bits, from it on `looseBits`. */
  readonly normalBytes: number
  readonly maxBytes: number
  readonly strictBits: number
  readonly looseBits: number
}

/**
 * What new repositories get: chunks of about 640 KiB. Strict and loose alike, and close above the least length, so that
 * cuts fall back into step soon: what is inserted into a large file costs little more than itself.
 */
export const defaultChunkerParameters: ChunkerParameters = {
  minBytes: 384 * 1024,
  normalBytes: 1024 * 1024,
  maxBytes: maxChunkBytes,
  strictBits: 18,
  looseBits: 18,
}

/** @throws BackupError `unsupported-format` for numbers that this version can not cut with. */
export function checkChunkerParameters(parameters: ChunkerParameters): void {
  const { minBytes, normalBytes, maxBytes, strictBits, looseBits } = parameters
  const whole = Object.values(parameters).every((value) => Number.isSafeInteger(value))
  const sizes = 1 <= minBytes && minBytes <= normalBytes && normalBytes <= maxBytes
  const bits = 1 <= looseBits && looseBits <= strictBits && strictBits <= 63
  if (whole && sizes && bits && maxBytes <= maxChunkBytes) return
  throw new BackupError(
    'unsupported-format',
    `This version can not cut chunks with ${JSON.stringify(parameters)}.`,
  )
}
