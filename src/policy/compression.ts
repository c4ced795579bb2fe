/** How hard a source is compressed: words, and the levels of zstd that they stand for. */

import { BackupError } from '../base/errors.ts'

export const compressions = ['fastest', 'default', 'better', 'max'] as const
export type Compression = (typeof compressions)[number]

/**
 * Each takes about three times as long as the one before. What does not compress is found out fast by all of them; from
 * level 13 on that is not so.
 */
const levels: Readonly<Record<Compression, number>> = { fastest: 1, default: 3, better: 7, max: 12 }

/** The level of zstd; of a source that says nothing, the default's. */
export const compressionLevel = (compression: Compression = 'default'): number =>
  levels[compression]

/** @throws BackupError `usage` */
export function parseCompression(text: string): Compression {
  const found = compressions.find((each) => each === text)
  if (found !== undefined) return found
  const known = compressions.join(', ')
  throw new BackupError('usage', `${JSON.stringify(text)} is no compression: one of ${known}.`)
}
