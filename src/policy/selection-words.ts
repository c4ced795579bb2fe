/** Sizes and ages as people write them. */

import { BackupError } from '../base/errors.ts'

const units: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
}

/** `4GiB`, `500 MB`, `1000` to bytes. @throws BackupError `usage` */
export function parseFileSize(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text) ?? []
  const factor = units[unit?.toLowerCase() ?? '-']
  const bytes = Math.round(Number(number) * (factor ?? NaN))
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes
  throw refused(`${JSON.stringify(text)} is no size of a file.`, 'Write it as 4GiB or 500MB.')
}

const mostDays = 36_500

/** `90d` or `90` to days. @throws BackupError `usage` */
export function parseDays(text: string): number {
  const [, number] = /^(\d{1,5})\s*(?:d|days?)?$/i.exec(text) ?? []
  const days = Number(number)
  if (days >= 1 && days <= mostDays) return days
  throw refused(`${JSON.stringify(text)} is no age.`, 'Write it in days, as 365d.')
}

const refused = (message: string, hint: string): BackupError =>
  new BackupError('usage', message, { hint })
