/** What the system says about a file, exactly: times in nanoseconds, numbers unsigned. */

import { lstatSync, type BigIntStats } from 'node:fs'
import { BackupError } from '../../base/errors.ts'
import type { DeviceNumber } from '../../model/entry.ts'
import { reaching } from './reach.ts'

export type FileKind = 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'block' | 'char'

/** Times are nanoseconds since 1970. What is undefined, the system does not have. */
export interface FileFacts {
  readonly kind: FileKind
  readonly sizeBytes: number
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  /** Time of birth; never 0. */
  readonly btimeNs: bigint | undefined
  /** The low 12 bits. */
  readonly mode: number | undefined
  readonly uid: number | undefined
  readonly gid: number | undefined
  readonly inode: bigint
  /** Which file system it lies on, as long as that is mounted. */
  readonly deviceId: bigint
  readonly links: number
  /** Of block and character devices. */
  readonly device: DeviceNumber | undefined
}

/** The facts of a file, or of a link itself. Throws Node's errors. */
export const lstatExact = (path: Uint8Array): FileFacts =>
  reaching(path, (reachable) => factsOf(lstatSync(reachable, { bigint: true })))

export function factsOf(stats: BigIntStats): FileFacts {
  const kind = kindOf(stats)
  const hasModes = process.platform !== 'win32'
  return {
    kind,
    sizeBytes: Number(stats.size),
    mtimeNs: stats.mtimeNs,
    ctimeNs: stats.ctimeNs,
    btimeNs: stats.birthtimeNs === 0n ? undefined : stats.birthtimeNs,
    mode: hasModes ? Number(stats.mode) & 0o7777 : undefined,
    uid: hasModes ? Number(stats.uid) : undefined,
    gid: hasModes ? Number(stats.gid) : undefined,
    inode: unsigned(stats.ino),
    deviceId: unsigned(stats.dev),
    links: Number(stats.nlink),
    device: kind === 'block' || kind === 'char' ? decodeDevice(stats.rdev) : undefined,
  }
}

/** Node reads the system's unsigned numbers as signed ones. */
const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value)

function kindOf(stats: BigIntStats): FileKind {
  if (stats.isFile()) return 'file'
  if (stats.isDirectory()) return 'directory'
  if (stats.isSymbolicLink()) return 'symlink'
  if (stats.isFIFO()) return 'fifo'
  if (stats.isSocket()) return 'socket'
  if (stats.isBlockDevice()) return 'block'
  if (stats.isCharacterDevice()) return 'char'
  throw new BackupError(
    'file-unreadable',
    `It is of a kind that is not known: ${stats.mode.toString(8)}.`,
  )
}

/** Splits `st_rdev` as the C library's `major` and `minor` do. */
export function decodeDevice(
  rdev: bigint,
  platform: NodeJS.Platform = process.platform,
): DeviceNumber {
  const value = unsigned(rdev)
  if (platform === 'darwin')
    return { major: Number((value >> 24n) & 0xffn), minor: Number(value & 0xffffffn) }
  return {
    major: Number(((value >> 8n) & 0xfffn) | ((value >> 32n) & 0xfffff000n)),
    minor: Number((value & 0xffn) | ((value >> 12n) & 0xffffff00n)),
  }
}
