/** Paths as they are written into files of other programs. */

import { BackupError } from '../../base/errors.ts'
import type { Job } from './facility.ts'

/** None of the formats can hold a line break in a path, and no path of a sane installation has one. @throws BackupError `usage` */
export function checkPaths({ program, stateDirectory }: Job): void {
  const bad = [program.node, program.script, stateDirectory].find((path) => /\p{Cc}/u.test(path))
  if (bad === undefined) return
  throw new BackupError('usage', `${JSON.stringify(bad)} can not be written into a schedule.`, {
    hint: 'Install to a folder without control characters in its name.',
  })
}

/** What a file written here says of itself. */
export const mark = 'Written by "backup schedule install".'
