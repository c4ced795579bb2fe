/** Whether the files that a plan would write are there already. */

import { equalBytes } from '../../base/bytes.ts'
import { exists, readBounded } from '../../base/files.ts'
import type { Installed, WriteFile } from './facility.ts'

const maxFileBytes = 1024 * 1024

/** `on`: all of them, as they should be. */
export async function filesState(files: readonly WriteFile[]): Promise<Installed> {
  const found = await Promise.all(files.map(({ path }) => exists(path)))
  if (found.every((isThere) => !isThere)) return 'absent'
  if (!found.every((isThere) => isThere)) return 'outdated'
  for (const { path, bytes } of files) {
    if (!equalBytes(await readBounded(path, maxFileBytes), bytes)) return 'outdated'
  }
  return 'on'
}
