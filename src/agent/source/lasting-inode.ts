/** Inode numbers, where the file system keeps them. */

import { parentPath } from '../../model/path.ts'
import { systemCalls } from '../system/open.ts'
import type { SystemCalls } from '../system/system-calls.ts'
import type { FileFacts } from './facts.ts'
import { reaching } from './reach.ts'

/** The inode number of the file at `path`; undefined where numbers do not last, or where that can not be asked. */
export type LastingInode = (facts: FileFacts, path: Uint8Array) => bigint | undefined

/** Asks each file system once. */
export function createLastingInode(system: SystemCalls = systemCalls()): LastingInode {
  const known = new Map<bigint, boolean>()
  const isLasting = (facts: FileFacts, path: Uint8Array): boolean => {
    let lasting = known.get(facts.deviceId)
    if (lasting === undefined) {
      // The question follows links: a link is never a mount point, so it lies where its directory lies.
      lasting = ask(system, facts.kind === 'symlink' ? parentPath(path) : path)
      if (lasting !== undefined) known.set(facts.deviceId, lasting)
    }
    return lasting ?? false
  }
  return (facts, path) => (facts.inode !== 0n && isLasting(facts, path) ? facts.inode : undefined)
}

function ask(system: SystemCalls, path: Uint8Array): boolean | undefined {
  try {
    return reaching(path, (reachable) => system.inodesLast(reachable))
  } catch {
    return undefined
  }
}
