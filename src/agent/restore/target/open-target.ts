/**
 * Opens the directory that a restore writes beneath. Nothing outside of it is ever reached, whatever links lie or are
 * planted there: on Linux each directory is opened from its parent without following links and names are used through the
 * open directory; elsewhere the whole chain of parents is looked at before each use.
 */

import { statfsSync } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemCodeOf } from '../../../base/errors.ts'
import { openChecked } from './checked-directories.ts'
import { refusedTarget } from './errors.ts'
import { openHandles } from './open-directories.ts'
import { nameRulesFor, type NameRules } from './names.ts'
import type { Target } from './target.ts'

/**
 * Opens the target; the path that the user gave may lead through links.
 * @throws BackupError `target-refused` for what is no directory, `file-unwritable` where it can not be made
 */
export async function openTarget(path: string): Promise<Target> {
  await makeTarget(path)
  return openPresent(path)
}

/** The same where it has to be there. */
export async function openPresent(path: string): Promise<Target> {
  const names = nameRulesOf(path)
  return process.platform === 'linux' ? openHandles(path, names) : await openChecked(path, names)
}

/** What names a directory can hold; of one that is to be made, what the nearest one above it can. */
export function nameRulesOf(path: string): NameRules {
  for (let at = path; ; at = dirname(at)) {
    try {
      return nameRulesFor(process.platform, statfsSync(at).type)
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT' || dirname(at) === at) throw refusedTarget(path, error)
    }
  }
}

/** Whether anything lies in the directory; false where there is none. */
export async function isOccupied(path: string): Promise<boolean> {
  try {
    return (await readdir(path)).length > 0
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return false
    throw refusedTarget(path, error)
  }
}

async function makeTarget(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true })
  } catch (error) {
    throw refusedTarget(path, error)
  }
}
