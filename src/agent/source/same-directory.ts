/** Whether something on disk is a certain directory, whatever ways lead to it. */

import { statSync } from 'node:fs'
import { factsOf, type FileFacts } from './facts.ts'

/** False where there is no such directory (any more). */
export function isDirectoryAt(path: string, found: FileFacts): boolean {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false })
  if (stats === undefined || found.kind !== 'directory') return false
  const facts = factsOf(stats)
  return facts.inode === found.inode && facts.deviceId === found.deviceId
}
