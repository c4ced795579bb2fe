/** macOS on x64 and arm64. */

import { constants } from 'node:fs'
import type { DeviceNumber } from '../../model/entry.ts'
import { openCLibrary, ownCString, sharedCString, type CLibrary } from './c-library.ts'
import { portableSystemCalls } from './portable.ts'
import { posixMethods } from './posix.ts'
import { SystemCallError, type SystemCalls } from './system-calls.ts'
import { openXattrMethods, xattrMethods } from './xattrs.ts'

const currentDirectory = -2
const noFollow = 0x20

export const darwinLibraryNames = ['libSystem.B.dylib']

/** Undefined where the C library can not be reached. */
export function darwinSystemCalls(): SystemCalls | undefined {
  const library = openCLibrary(darwinLibraryNames)
  if (library === undefined) return undefined
  return {
    ...portableSystemCalls,
    ...xattrMethods(library, darwinXattrs(library)),
    ...posixMethods(library, { currentDirectory, noFollow }),
    ...nodeMethods(library),
    ...renameMethods(library),
    ofOpen: openXattrMethods(library, darwinOpenXattrs(library)),
    hasXattrs: true,
    inodesLast: inodesLast(library),
  }
}

const xattrNoFollow = 1

function darwinXattrs(library: CLibrary) {
  const list = library.declare(
    'int64_t listxattr(const void *path, void *list, size_t size, int options)',
  )
  const get = library.declare(
    'int64_t getxattr(const void *path, const void *name, void *value, size_t size, uint32_t position, int options)',
  )
  const set = library.declare(
    'int setxattr(const void *path, const void *name, const void *value, size_t size, uint32_t position, int options)',
  )
  const remove = library.declare('int removexattr(const void *path, const void *name, int options)')
  return {
    list: (path: Uint8Array, out: Uint8Array | null, size: number) =>
      list(path, out, size, xattrNoFollow),
    get: (path: Uint8Array, name: Uint8Array, out: Uint8Array | null, size: number) =>
      get(path, name, out, size, 0, xattrNoFollow),
    set: (path: Uint8Array, name: Uint8Array, value: Uint8Array) =>
      set(path, name, value, value.length, 0, xattrNoFollow),
    remove: (path: Uint8Array, name: Uint8Array) => remove(path, name, xattrNoFollow),
  }
}

function darwinOpenXattrs(library: CLibrary) {
  const list = library.declare('int64_t flistxattr(int fd, void *list, size_t size, int options)')
  const get = library.declare(
    'int64_t fgetxattr(int fd, const void *name, void *value, size_t size, uint32_t position, int options)',
  )
  return {
    list: (fd: number, out: Uint8Array | null, size: number) => list(fd, out, size, 0),
    get: (fd: number, name: Uint8Array, out: Uint8Array | null, size: number) =>
      get(fd, name, out, size, 0, 0),
  }
}

function nodeMethods(library: CLibrary): Pick<SystemCalls, 'makeNode'> {
  const mkfifo = library.declare('int mkfifo(const void *path, uint16_t mode)')
  const mknod = library.declare('int mknod(const void *path, uint16_t mode, int32_t device)')
  return {
    makeNode: (path, mode, node) => {
      const cPath = sharedCString(path)
      switch (node.kind) {
        case 'fifo':
          return void library.check(mkfifo(cPath, mode), 'mkfifo')
        case 'socket':
          throw new SystemCallError('ENOTSUP', 'mknod')
        case 'block':
          return void library.check(
            mknod(cPath, constants.S_IFBLK | mode, deviceOf(node.device)),
            'mknod',
          )
        case 'char':
          return void library.check(
            mknod(cPath, constants.S_IFCHR | mode, deviceOf(node.device)),
            'mknod',
          )
      }
    },
  }
}

/** 8 bits of major, 24 of minor. */
function deviceOf({ major, minor }: DeviceNumber): number {
  if (major > 0xff || minor > 0xff_ffff) throw new SystemCallError('EINVAL', 'mknod')
  return (major << 24) | minor
}

const renameExclusive = 4

function renameMethods(library: CLibrary): Partial<Pick<SystemCalls, 'renameNoReplace'>> {
  const rename = library.declareOptional(
    'int renamex_np(const void *from, const void *to, unsigned int flags)',
  )
  if (rename === undefined) return {}
  return {
    renameNoReplace: (from, to) => {
      const cTo = ownCString(to)
      if (rename(sharedCString(from), cTo, renameExclusive) === 0) return
      const code = library.errorCode()
      // Some file systems do not know the flag.
      if (code !== 'ENOTSUP' && code !== 'EINVAL') throw new SystemCallError(code, 'rename')
      portableSystemCalls.renameNoReplace(from, to)
    },
  }
}

/** `struct statfs` with 64-bit inode numbers: 2,168 bytes, the type's name at 72. */
const statfsBytes = 2168
const typeNameAt = 72
const typeNameBytes = 16

const lastingTypes: ReadonlySet<string> = new Set(['apfs', 'hfs', 'nfs', 'ufs', 'zfs', 'tmpfs'])

function inodesLast(library: CLibrary): SystemCalls['inodesLast'] {
  const statfs =
    library.declareOptional('int statfs$INODE64(const void *path, void *out)') ??
    library.declare('int statfs(const void *path, void *out)')
  return (path) => {
    const out = new Uint8Array(statfsBytes)
    library.check(statfs(sharedCString(path), out), 'statfs')
    const name = out.subarray(typeNameAt, typeNameAt + typeNameBytes)
    return lastingTypes.has(Buffer.from(name.subarray(0, name.indexOf(0))).toString('latin1'))
  }
}
