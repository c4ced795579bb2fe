/** Extended attributes over a system's four calls: sizes them, and hides which "not there" the system says. */

import { systemCodeOf } from '../../base/errors.ts'
import { sharedCString, ownCString, type CLibrary } from './c-library.ts'
import { SystemCallError, type OpenAttributeCalls, type SystemCalls } from './system-calls.ts'

/** The calls, none of which follows a link; strings end in NUL, results are lengths or negative; without `out` the length is told. */
export interface XattrCalls {
  list(path: Uint8Array, out: Uint8Array | null, outBytes: number): number
  get(path: Uint8Array, name: Uint8Array, out: Uint8Array | null, outBytes: number): number
  set(path: Uint8Array, name: Uint8Array, value: Uint8Array): number
  remove(path: Uint8Array, name: Uint8Array): number
}

/** The same of a descriptor. */
export interface OpenXattrCalls {
  list(fd: number, out: Uint8Array | null, outBytes: number): number
  get(fd: number, name: Uint8Array, out: Uint8Array | null, outBytes: number): number
}

type XattrMethods = Pick<SystemCalls, 'listXattrs' | 'getXattr' | 'setXattr' | 'removeXattr'>

/** Linux allows 64 KiB; macOS keeps resource forks as attributes. */
const maxListBytes = 1 << 20
const maxValueBytes = 16 << 20

export function xattrMethods(library: CLibrary, calls: XattrCalls): XattrMethods {
  const readers = xattrReaders(library)
  return {
    listXattrs: (path) => {
      const cPath = sharedCString(path)
      return readers.list((out, size) => calls.list(cPath, out, size))
    },
    getXattr: (path, name) => {
      const cName = ownCString(name)
      const cPath = sharedCString(path)
      return readers.get((out, size) => calls.get(cPath, cName, out, size))
    },
    setXattr: (path, name, value) => {
      const cName = ownCString(name)
      library.check(calls.set(sharedCString(path), cName, value), 'setxattr')
    },
    removeXattr: (path, name) => {
      const cName = ownCString(name)
      library.check(calls.remove(sharedCString(path), cName), 'removexattr')
    },
  }
}

export function openXattrMethods(library: CLibrary, calls: OpenXattrCalls): OpenAttributeCalls {
  const readers = xattrReaders(library)
  return {
    listXattrs: (fd) => readers.list((out, size) => calls.list(fd, out, size)),
    getXattr: (fd, name) => {
      const cName = ownCString(name)
      return readers.get((out, size) => calls.get(fd, cName, out, size))
    },
  }
}

type Fill = (out: Uint8Array | null, outBytes: number) => number

function xattrReaders(library: CLibrary) {
  const listBuffer = growingBuffer(library, 'listxattr', maxListBytes)
  const valueBuffer = growingBuffer(library, 'getxattr', maxValueBytes)
  return {
    list: (call: Fill): readonly Uint8Array[] => {
      try {
        return splitNames(listBuffer.fill(call))
      } catch (error) {
        if (systemCodeOf(error) === 'ENOTSUP') return []
        throw error
      }
    },
    get: (call: Fill): Uint8Array => valueBuffer.fill(call).slice(),
  }
}

/** Memory used again for each call. It begins small, because the kernel clears as much as it is offered. */
function growingBuffer(library: CLibrary, name: string, maxBytes: number) {
  let buffer = new Uint8Array(256)
  return {
    /** The bytes that the call put into the buffer, good until the next call. */
    fill: (call: Fill): Uint8Array => {
      for (;;) {
        const length = call(buffer, buffer.length)
        if (length >= 0) return buffer.subarray(0, length)
        if (library.errorCode() !== 'ERANGE') throw new SystemCallError(library.errorCode(), name)
        // What it needs may have grown again by the next call: then one more turn.
        const needed = library.check(call(null, 0), name)
        if (needed > maxBytes) throw new SystemCallError('E2BIG', name)
        buffer = new Uint8Array(Math.max(needed, buffer.length * 2))
      }
    },
  }
}

function splitNames(list: Uint8Array): readonly Uint8Array[] {
  const names: Uint8Array[] = []
  for (let from = 0, end = list.indexOf(0); end >= 0; from = end + 1, end = list.indexOf(0, from)) {
    if (end > from) names.push(list.slice(from, end))
  }
  return names
}
