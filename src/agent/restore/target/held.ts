/** Hands on what attributes are set on: the very thing that was made, whatever its name is given to meanwhile. */

import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  lchownSync,
  lstatSync,
  openSync,
  type BigIntStats,
} from 'node:fs'
import { BackupError } from '../../../base/errors.ts'
import type { AttributeCalls, SystemCalls } from '../../system/system-calls.ts'
import { noFollow } from './target.ts'

export interface Held {
  /** Where `calls` reach it. */
  readonly at: Buffer
  readonly calls: AttributeCalls
  readonly chown: (uid: number, gid: number) => void
  /** Absent for links, which have no mode. */
  readonly chmod?: (mode: number) => void
}

/** An open file or directory. `name`: where it lies, for systems that reach attributes by name only. */
export function heldOpen(fd: number, name: Buffer, system: SystemCalls): Held {
  const following = system.following
  return {
    at: following === undefined ? name : throughDescriptor(fd),
    calls: following ?? system,
    chown: (uid, gid) => fchownSync(fd, uid, gid),
    chmod: (mode) => fchmodSync(fd, mode),
  }
}

/** A directory that is there; Windows opens none. */
export async function withHeldDirectory<T>(
  name: Buffer,
  system: SystemCalls,
  use: (directory: Held) => Promise<T>,
): Promise<T> {
  if (process.platform === 'win32') return use({ ...nodeAt(name, false), calls: system })
  const fd = openSync(name, constants.O_RDONLY | constants.O_DIRECTORY | noFollow)
  try {
    return await use(heldOpen(fd, name, system))
  } finally {
    closeSync(fd)
  }
}

/** What `withHeldNode` lends. */
export interface HeldNode extends Held {
  readonly facts: BigIntStats
}

/**
 * Something just made that can not be opened: a link, a FIFO, a socket, a device. On Linux it is held by its name only
 * (nothing is opened, which a FIFO would wait for and a device might act on), elsewhere it is reached by name.
 * @throws BackupError `target-refused` where it is of another type, or has other names: something took its place
 */
export async function withHeldNode<T>(
  name: Buffer,
  { type, system }: { readonly type: number; readonly system: SystemCalls },
  use: (node: HeldNode) => Promise<T>,
): Promise<T> {
  const isLink = type === constants.S_IFLNK
  const { following } = system
  if (following === undefined) {
    const facts = checkedFacts(lstatSync(name, { bigint: true }), type)
    return use({ ...nodeAt(name, isLink), calls: system, facts })
  }
  const fd = openSync(name, openPath | noFollow)
  try {
    const facts = checkedFacts(fstatSync(fd, { bigint: true }), type)
    const at = throughDescriptor(fd)
    return await use({
      ...nodeAt(at, isLink),
      chown: (uid, gid) => chownSync(at, uid, gid),
      calls: following,
      facts,
    })
  } finally {
    closeSync(fd)
  }
}

const nodeAt = (at: Buffer, isLink: boolean) => ({
  at,
  chown: (uid: number, gid: number) => lchownSync(at, uid, gid),
  ...(!isLink && { chmod: (mode: number) => chmodSync(at, mode) }),
})

function checkedFacts(facts: BigIntStats, type: number): BigIntStats {
  if (Number(facts.mode & BigInt(constants.S_IFMT)) === type && facts.nlink === 1n) return facts
  throw new BackupError('target-refused', 'Something else took the place of what was made.')
}

const throughDescriptor = (fd: number): Buffer => Buffer.from(`/proc/self/fd/${fd}`)

/** Linux's O_PATH. */
const openPath = 0o10000000
