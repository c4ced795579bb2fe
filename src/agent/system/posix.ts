/** Calls that Linux and macOS share; they differ in constants. */

import { closeSync, constants, openSync } from 'node:fs'
import { sharedCString, type CLibrary } from './c-library.ts'
import { SystemCallError, type SystemCalls } from './system-calls.ts'

export interface PosixConstants {
  readonly currentDirectory: number
  readonly noFollow: number
}

export function posixMethods(
  library: CLibrary,
  { currentDirectory, noFollow }: PosixConstants,
): Pick<SystemCalls, 'setTimes' | 'openLocked'> {
  const flock = library.declare('int flock(int fd, int operation)')
  return {
    setTimes: timesMethod(library, { currentDirectory, flags: noFollow }),
    openLocked: (path) => {
      const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600)
      if (flock(fd, lockExclusive | lockAtOnce) === 0) return fd
      const code = library.errorCode()
      closeSync(fd)
      if (code === 'EAGAIN') return undefined
      throw new SystemCallError(code, 'flock')
    },
  }
}

/** `flags` of utimensat. */
export function timesMethod(
  library: CLibrary,
  { currentDirectory, flags }: { readonly currentDirectory: number; readonly flags: number },
): SystemCalls['setTimes'] {
  const utimensat = library.declare(
    'int utimensat(int directory, const void *path, const void *times, int flags)',
  )
  return (path, accessNs, modificationNs) => {
    const times = BigInt64Array.of(...toTimespec(accessNs), ...toTimespec(modificationNs))
    library.check(utimensat(currentDirectory, sharedCString(path), times, flags), 'utimensat')
  }
}

const lockExclusive = 2
const lockAtOnce = 4
const secondNs = 1_000_000_000n

/** Seconds and the nanoseconds of the second, which are never negative. */
function toTimespec(timeNs: bigint): [bigint, bigint] {
  const rest = ((timeNs % secondNs) + secondNs) % secondNs
  return [(timeNs - rest) / secondNs, rest]
}
