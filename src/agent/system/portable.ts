/** What Node alone can do. What it can not is refused with `ENOTSUP`, never left out in silence. */

import {
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  renameSync,
  rmdirSync,
  unlinkSync,
} from 'node:fs'
import { bufferOf } from '../../base/bytes.ts'
import { systemCodeOf } from '../../base/errors.ts'
import { SystemCallError, type SystemCalls } from './system-calls.ts'

export const portableSystemCalls: SystemCalls = {
  hasXattrs: false,
  listXattrs: () => [],
  getXattr: () => notSupported('getxattr'),
  setXattr: () => notSupported('setxattr'),
  removeXattr: () => notSupported('removexattr'),
  setTimes: (path, accessNs, modificationNs) =>
    lutimesSync(bufferOf(path), toSeconds(accessNs), toSeconds(modificationNs)),
  makeNode: () => notSupported('mknod'),
  renameNoReplace,
  cloneFile: () => false,
  forgetCached: () => undefined,
  openLocked: () => notSupported('flock'),
  nextData: (_fd, offset) => ({ start: offset, end: Infinity }),
  isNodump: () => false,
  lowerDiskPriority: () => undefined,
  inodesLast: () => false,
}

function notSupported(name: string): never {
  throw new SystemCallError('ENOTSUP', name)
}

/** Node takes no finer time: off by up to a microsecond. */
const toSeconds = (timeNs: bigint): number => Number(timeNs) / 1e9

/** A link refuses a name that is taken, and so does a new directory, over which the old one may then be moved. */
function renameNoReplace(from: Uint8Array, to: Uint8Array): void {
  const [oldPath, newPath] = [bufferOf(from), bufferOf(to)]
  if (lstatSync(oldPath).isDirectory()) {
    moveDirectory(oldPath, newPath)
    return
  }
  try {
    linkSync(oldPath, newPath)
  } catch (error) {
    if (!noLinks.has(systemCodeOf(error) ?? '')) throw error
    moveUnlinkable(oldPath, newPath)
    return
  }
  unlinkSync(oldPath)
}

function moveDirectory(from: Buffer, to: Buffer): void {
  mkdirSync(to)
  try {
    renameSync(from, to)
  } catch (error) {
    rmdirSync(to)
    throw error
  }
}

/** What file systems without hard links say. */
const noLinks: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP'])

/** Between the look and the move somebody else could take the name: the best that such a file system offers. */
function moveUnlinkable(from: Buffer, to: Buffer): void {
  if (lstatSync(to, { throwIfNoEntry: false }) !== undefined)
    throw new SystemCallError('EEXIST', 'rename')
  renameSync(from, to)
}
