/** Folders whose names survive a power cut, down from one that is known to. */

import { dirname } from 'node:path'
import type { FileCalls } from './file-calls.ts'

export interface DurableFolders {
  /** The folder is there, and so are, durably, its name and those of all folders above it. */
  ensure(path: string): Promise<void>
  /** The folder is gone: the next use of the name makes it anew. */
  forget(path: string): void
}

/**
 * A folder may have been made by another process that died before it synced the parent, so each is synced
 * when it is first used, whoever made it; then it is remembered.
 */
export function createDurableFolders(root: string, calls: FileCalls): DurableFolders {
  const known = new Set([root])
  const ensure = async (path: string): Promise<void> => {
    await calls.makeDirectory(path)
    const unknown: string[] = []
    for (let at = path; !known.has(at) && at !== dirname(at); at = dirname(at)) unknown.push(at)
    for (const folder of unknown.reverse()) {
      await calls.syncDirectory(dirname(folder))
      known.add(folder)
    }
  }
  return { ensure, forget: (path) => void known.delete(path) }
}
