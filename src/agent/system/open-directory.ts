/**
 * A directory of Linux, read by the kernel's own calls into memory that is used again: nothing is allocated for a name or
 * its facts. Where all that is asked is whether anything changed, that is most of the time of a run.
 */

import { closeSync, constants, openSync } from 'node:fs'
import type { CLibrary } from './c-library.ts'
import { SystemCallError, type OpenDirectory, type RawFacts } from './system-calls.ts'

export interface DirectoryCallNumbers {
  readonly getdents64: number
  readonly statx: number
}

/** A record of `getdents64`: its length is at 16, its name, ended by a NUL, at 19. */
const lengthAt = 16
const nameAt = 19
const longestRecord = 1056
const firstBytes = 1 << 16
const longestName = 1024

/** AT_SYMLINK_NOFOLLOW; STATX_BASIC_STATS. */
const noFollow = 0x100
const basicStats = 0x7ff
const dot = 0x2e

export function openDirectoryMethod(
  library: CLibrary,
  numbers: DirectoryCallNumbers,
): (path: Buffer) => OpenDirectory {
  const getdents64 = library.declare('long syscall(long call, long fd, void *records, long bytes)')
  const statx = library.declare(
    'long syscall(long call, long fd, const void *name, long flags, long mask, void *facts)',
  )
  const name = new Uint8Array(longestName + 1)
  const raw = new Uint32Array(64)
  const facts = rawFacts(raw)
  // One directory is open at a time, nearly always: its memory serves the next.
  let spare: Uint8Array | undefined = new Uint8Array(firstBytes)

  const listed = (fd: number) => {
    const memory = spare ?? new Uint8Array(firstBytes)
    spare = undefined
    return readRecords((into) => {
      const read = getdents64(numbers.getdents64, fd, into, into.length)
      return library.check(read, 'getdents64')
    }, memory)
  }
  const lookAt = (fd: number, records: Uint8Array, start: number): RawFacts => {
    let length = 0
    for (let byte = records[start]; byte; byte = records[start + length]) {
      if (length === longestName) throw new SystemCallError('ENAMETOOLONG', 'statx')
      name[length++] = byte
    }
    name[length] = 0
    library.check(statx(numbers.statx, fd, name, noFollow, basicStats, raw), 'statx')
    return facts
  }
  return (path) => {
    const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
    try {
      const { records, bytes } = listed(fd)
      const starts = sortedNames(records, bytes)
      return {
        names: records,
        starts,
        lookAt: (index) => lookAt(fd, records, starts[index] ?? 0),
        close: () => {
          closeSync(fd)
          if (records.length <= firstBytes) spare = records
        },
      }
    } catch (error) {
      closeSync(fd)
      throw error
    }
  }
}

function readRecords(read: (into: Uint8Array) => number, memory: Uint8Array) {
  let records = memory
  for (let bytes = 0; ;) {
    if (records.length - bytes < longestRecord) {
      const larger = new Uint8Array(records.length * 4)
      larger.set(records)
      records = larger
    }
    const more = read(records.subarray(bytes))
    if (more === 0) return { records, bytes }
    bytes += more
  }
}

/** Where the names begin, ascending by their bytes, without `.` and `..`. */
function sortedNames(records: Uint8Array, bytes: number): Uint32Array {
  const starts: number[] = []
  for (let at = 0; at < bytes;) {
    const start = at + nameAt
    if (!isDots(records, start)) starts.push(start)
    at += (records[at + lengthAt] ?? 0) | ((records[at + lengthAt + 1] ?? 0) << 8)
  }
  return Uint32Array.from(starts).sort((a, b) => compareNames(records, a, b))
}

function isDots(records: Uint8Array, start: number): boolean {
  if (records[start] !== dot) return false
  const second = records[start + 1]
  return second === 0 || (second === dot && records[start + 2] === 0)
}

/** The NUL at the end sorts a prefix before what it begins. */
function compareNames(records: Uint8Array, a: number, b: number): number {
  for (let at = 0; ; at++) {
    const byte = records[a + at] ?? 0
    const difference = byte - (records[b + at] ?? 0)
    if (difference !== 0 || byte === 0) return difference
  }
}

/** `struct statx`, the same on every processor; little-endian, as all are that this runs on. */
function rawFacts(words: Uint32Array): RawFacts {
  const word = (at: number): number => words[at] ?? 0
  return {
    get mode() {
      return word(7) & 0xffff
    },
    get links() {
      return word(4)
    },
    get sizeBytes() {
      return word(10) + word(11) * 0x1_0000_0000
    },
    get inodeHigh() {
      return word(9)
    },
    get inodeLow() {
      return word(8)
    },
    get mtimeSeconds() {
      return word(28) + word(29) * 0x1_0000_0000
    },
    get mtimeNanoseconds() {
      return word(30)
    },
    get ctimeSeconds() {
      return word(24) + word(25) * 0x1_0000_0000
    },
    get ctimeNanoseconds() {
      return word(26)
    },
    get deviceMajor() {
      return word(34)
    },
    get deviceMinor() {
      return word(35)
    },
  }
}
