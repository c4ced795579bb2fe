/** A time until which points are to be kept: a date or date-time, local where it names no zone. */

import { BackupError } from '../../base/errors.ts'

/** ms; of a date its end. @throws BackupError `usage` */
export function parseKeepUntil(text: string): number {
  const [, date] =
    /^(\d{4}-\d{2}-\d{2})([T ]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?)?$/.exec(text) ?? []
  const ms = Date.parse(text === date ? `${text}T23:59:59` : text.replace(' ', 'T'))
  if (date !== undefined && Number.isFinite(ms) && ms >= 0) return ms
  throw new BackupError('usage', `${JSON.stringify(text)} is no time.`, {
    hint: 'Write it as in 2030-12-31 or 2030-12-31T18:00.',
  })
}
