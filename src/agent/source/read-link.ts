/** Reads where a symbolic link points to. */

import { closeSync, constants, fstatSync, openSync, readlinkSync } from 'node:fs'
import { systemCalls } from '../system/open.ts'
import { SystemCallError, type SystemCalls } from '../system/system-calls.ts'
import { factsOf, type FileFacts } from './facts.ts'
import { openPath, reaching } from './reach.ts'

export interface SourceLink {
  /** The target's bytes as they are. */
  readonly target: Buffer
  /** Of that very link, whatever its name is given to meanwhile; undefined where a link can not be held open. */
  readonly facts: FileFacts | undefined
}

/** Throws the system's errors: `EINVAL` where there is no link (any more). */
export function readLink(path: Uint8Array): SourceLink {
  const { readOpenLink } = systemCalls()
  return reaching(path, (reachable) =>
    readOpenLink === undefined
      ? { target: readlinkSync(reachable, { encoding: 'buffer' }), facts: undefined }
      : readHeldLink(reachable, readOpenLink),
  )
}

function readHeldLink(
  path: Buffer,
  readOpenLink: NonNullable<SystemCalls['readOpenLink']>,
): SourceLink {
  const fd = openSync(path, openPath | constants.O_NOFOLLOW)
  try {
    const stats = fstatSync(fd, { bigint: true })
    if (!stats.isSymbolicLink()) throw new SystemCallError('EINVAL', 'readlink')
    return { target: readOpenLink(fd), facts: factsOf(stats) }
  } finally {
    closeSync(fd)
  }
}
