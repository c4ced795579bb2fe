/** Paths as they are written into files of other programs. */

import { BackupError } from '../../base/errors.ts'
import type { Job } from './facility.ts'

/** None of the formats can hold a line break in a path, and no path of a sane installation has one. @throws BackupError `usage` */
export function checkPaths({ program, stateDirectory }: Job): void {
  for (const path of [program.node, program.script, stateDirectory]) {
    refusePath(path, /\p{Cc}/u, 'control characters')
  }
}

/** @throws BackupError `usage` where the path has what the pattern finds */
export function refusePath(path: string, pattern: RegExp, what: string): void {
  if (!pattern.test(path)) return
  throw new BackupError('usage', `${JSON.stringify(path)} can not be written into a schedule.`, {
    hint: `It has ${what} in it. Install to another folder, or choose another facility by --with.`,
  })
}

/** What a file written here says of itself. */
export const mark = 'Written by "backup schedule install".'
