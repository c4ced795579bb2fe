/** Linux, with glibc or musl, on x64 and arm64. */

import { constants, statfsSync } from 'node:fs'
import { bufferOf, readU32 } from '../../base/bytes.ts'
import type { DeviceNumber } from '../../model/entry.ts'
import { openCLibrary, ownCString, sharedCString, type CLibrary } from './c-library.ts'
import { openDirectoryMethod, type DirectoryCallNumbers } from './open-directory.ts'
import { portableSystemCalls } from './portable.ts'
import { posixMethods, timesMethod } from './posix.ts'
import { SystemCallError, type SpecialNode, type SystemCalls } from './system-calls.ts'
import { openXattrMethods, xattrMethods } from './xattrs.ts'

export const linuxLibraryNames = [
  'libc.so.6',
  'libc.so',
  'libc.musl-x86_64.so.1',
  'libc.musl-aarch64.so.1',
]

const currentDirectory = -100
const noFollow = 0x100

/** Undefined where the C library can not be reached. */
export function linuxSystemCalls(): SystemCalls | undefined {
  const library = openCLibrary(linuxLibraryNames)
  if (library === undefined) return undefined
  return {
    ...portableSystemCalls,
    ...xattrMethods(library, linuxXattrs(library, 'l')),
    ...posixMethods(library, { currentDirectory, noFollow }),
    ...numberedMethods(library),
    ofOpen: openXattrMethods(library, {
      list: library.declare('int64_t flistxattr(int fd, void *list, size_t size)'),
      get: library.declare('int64_t fgetxattr(int fd, const void *name, void *value, size_t size)'),
    }),
    following: {
      ...xattrMethods(library, linuxXattrs(library, '')),
      setTimes: timesMethod(library, { currentDirectory, flags: 0 }),
      hasXattrs: true,
    },
    cloneFile: cloneMethod(library),
    forgetCached: forgetMethod(library),
    hasXattrs: true,
    isNodump: nodumpMethod(library),
    readOpenLink: openLinkMethod(library),
    nextData: nextDataMethod(library),
    inodesLast: (path) => !passingInodes.has(statfsSync(bufferOf(path)).type & 0xffff_ffff),
  }
}

/** `l`: what a link itself has. */
function linuxXattrs(library: CLibrary, prefix: 'l' | '') {
  const list = library.declare(
    `int64_t ${prefix}listxattr(const void *path, void *list, size_t size)`,
  )
  const get = library.declare(
    `int64_t ${prefix}getxattr(const void *path, const void *name, void *value, size_t size)`,
  )
  const set = library.declare(
    `int ${prefix}setxattr(const void *path, const void *name, const void *value, size_t size, int flags)`,
  )
  const remove = library.declare(`int ${prefix}removexattr(const void *path, const void *name)`)
  return {
    list,
    get,
    set: (path: Uint8Array, name: Uint8Array, value: Uint8Array) =>
      set(path, name, value, value.length, 0),
    remove,
  }
}

/** FICLONE of linux/fs.h: btrfs, xfs and others share blocks until one of the two is written. */
const shareBlocks = 0x40049409

function cloneMethod(library: CLibrary): SystemCalls['cloneFile'] {
  const ioctl = library.declare('int ioctl(int fd, unsigned long request, int argument)')
  return (from, to) => ioctl(to, shareBlocks, from) === 0
}

/** FS_IOC_GETFLAGS and FS_NODUMP_FL of linux/fs.h. The kernel writes 32 bits, whatever the number says. */
const getFlags = 0x80086601
const nodump = 0x40

function nodumpMethod(library: CLibrary): SystemCalls['isNodump'] {
  const ioctl = library.declare('int ioctl(int fd, unsigned long request, void *argument)')
  return (fd) => {
    const flags = new BigUint64Array(1)
    // Refused by file systems that have no such flags.
    if (ioctl(fd, getFlags, flags) !== 0) return false
    return (readU32(new Uint8Array(flags.buffer), 0) & nodump) !== 0
  }
}

/** Linux's PATH_MAX, which no target reaches. */
const mostTargetBytes = 4096

function openLinkMethod(library: CLibrary): NonNullable<SystemCalls['readOpenLink']> {
  const readlinkat = library.declare(
    'int64_t readlinkat(int fd, const void *path, void *target, size_t size)',
  )
  const itself = Uint8Array.of(0)
  return (fd) => {
    const target = new Uint8Array(mostTargetBytes)
    const length = library.check(readlinkat(fd, itself, target, target.length), 'readlink')
    return bufferOf(target).subarray(0, length)
  }
}

/** POSIX_FADV_DONTNEED; from 0, to the end. */
const notNeeded = 4

function forgetMethod(library: CLibrary): SystemCalls['forgetCached'] {
  const advise = library.declare(
    'int posix_fadvise(int fd, int64_t offset, int64_t length, int advice)',
  )
  return (fd) => void advise(fd, 0, 0, notNeeded)
}

interface CallNumbers extends DirectoryCallNumbers {
  readonly mknodat: number
  readonly renameat2: number
  readonly ioprio_set: number
}

/** Calls by their number: old C libraries have no function for them. */
const callNumbers: Readonly<Record<string, CallNumbers>> = {
  x64: { mknodat: 259, renameat2: 316, ioprio_set: 251, getdents64: 217, statx: 332 },
  arm64: { mknodat: 33, renameat2: 276, ioprio_set: 30, getdents64: 61, statx: 291 },
}

function numberedMethods(
  library: CLibrary,
): Partial<
  Pick<SystemCalls, 'makeNode' | 'renameNoReplace' | 'lowerDiskPriority' | 'openDirectory'>
> {
  const numbers = callNumbers[process.arch]
  if (numbers === undefined) return {}
  const mknodat = library.declare(
    'long syscall(long call, long at, const void *path, long mode, long device)',
  )
  const renameat2 = library.declare(
    'long syscall(long call, long from_at, const void *from, long to_at, const void *to, long flags)',
  )
  const setPriority = library.declare(
    'long syscall(long call, long which, long who, long priority)',
  )
  return {
    openDirectory: openDirectoryMethod(library, numbers),
    makeNode: (path, mode, node) => {
      const { type, device } = nodeNumbers(node)
      const at = currentDirectory
      library.check(mknodat(numbers.mknodat, at, sharedCString(path), type | mode, device), 'mknod')
    },
    renameNoReplace: (from, to) => {
      const cTo = ownCString(to)
      const at = currentDirectory
      if (renameat2(numbers.renameat2, at, sharedCString(from), at, cTo, noReplace) === 0) return
      const code = library.errorCode()
      // Some file systems do not know the flag.
      if (code !== 'EINVAL' && code !== 'ENOSYS') throw new SystemCallError(code, 'rename')
      portableSystemCalls.renameNoReplace(from, to)
    },
    lowerDiskPriority: (threadId) => {
      library.check(setPriority(numbers.ioprio_set, oneThread, threadId, lastOfAll), 'ioprio_set')
    },
  }
}

const noReplace = 1

/** IOPRIO_WHO_PROCESS, which means a thread; the last level of the class of all. */
const oneThread = 1
const lastOfAll = (2 << 13) | 7

function nodeNumbers(node: SpecialNode): { readonly type: number; readonly device: number } {
  switch (node.kind) {
    case 'fifo':
      return { type: constants.S_IFIFO, device: 0 }
    case 'socket':
      return { type: constants.S_IFSOCK, device: 0 }
    case 'block':
      return { type: constants.S_IFBLK, device: kernelDevice(node.device) }
    case 'char':
      return { type: constants.S_IFCHR, device: kernelDevice(node.device) }
  }
}

/** The kernel's own 32-bit form: 12 bits of major, 20 of minor. */
function kernelDevice({ major, minor }: DeviceNumber): number {
  if (major > 0xfff || minor > 0xf_ffff) throw new SystemCallError('EINVAL', 'mknod')
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0
}

/** File systems that number their files anew: after each mount, or whenever they forget one. */
const passingInodes: ReadonlySet<number> = new Set(
  [
    0x65735546, // FUSE
    0x517b, // SMB
    0xff534d42, // CIFS
    0xfe534d42, // SMB 2
    0x4d44, // FAT
    0x2011bab0, // exFAT
    0x01021997, // 9P
    0x786f4256, // VirtualBox shared folders
    0xbacbacbc, // VMware shared folders
  ].map((type) => type & 0xffff_ffff),
)

const seekData = 3
const seekHole = 4

function nextDataMethod(library: CLibrary): SystemCalls['nextData'] {
  const lseek = library.declare('int64_t lseek(int fd, int64_t offset, int whence)')
  return (fd, offset) => {
    const start = lseek(fd, offset, seekData)
    if (start < 0) {
      const code = library.errorCode()
      if (code === 'ENXIO') return undefined
      // A file system that does not tell: everything is data.
      if (code === 'EINVAL') return { start: offset, end: Infinity }
      throw new SystemCallError(code, 'lseek')
    }
    return { start, end: library.check(lseek(fd, start, seekHole), 'lseek') }
  }
}
