/** For how long what was deleted can be taken back. */

import { BackupError } from '../base/errors.ts'

export const usualSoftDeleteDays = 14
const mostSoftDeleteDays = 180

/** @throws BackupError `usage` */
export function checkSoftDeleteDays(days: number): void {
  if (Number.isInteger(days) && days >= usualSoftDeleteDays && days <= mostSoftDeleteDays) return
  throw new BackupError(
    'usage',
    `Points can not be taken back for ${days} days: ${usualSoftDeleteDays} to ${mostSoftDeleteDays} are possible.`,
  )
}
