/** What Node lacks or blurs, one interface over all systems. Paths are bytes; nothing but `following` follows a link. */

import type { DeviceNumber } from '../../model/entry.ts'
import type { WindowsFacts } from '../../policy/reparse-point.ts'

/** Calls that read or set what a file has beside its content. */
export interface AttributeCalls {
  /** Whether this system keeps extended attributes and the methods for them work. */
  readonly hasXattrs: boolean

  /** Names in the system's order; none where the file system has no attributes. */
  listXattrs(path: Uint8Array): readonly Uint8Array[]
  /** @throws SystemCallError `ENODATA` on every system where there is no such attribute. */
  getXattr(path: Uint8Array, name: Uint8Array): Uint8Array
  setXattr(path: Uint8Array, name: Uint8Array, value: Uint8Array): void
  removeXattr(path: Uint8Array, name: Uint8Array): void

  /** Sets access and modification time in nanoseconds since 1970. */
  setTimes(path: Uint8Array, accessNs: bigint, modificationNs: bigint): void
}

/** Attributes of what a descriptor has open. */
export interface OpenAttributeCalls {
  listXattrs(fd: number): readonly Uint8Array[]
  getXattr(fd: number, name: Uint8Array): Uint8Array
}

/** Every method throws a `SystemCallError` with the system's code, e.g. `EPERM`. */
export interface SystemCalls extends AttributeCalls {
  /**
   * The same calls following links: with `/proc/self/fd/N` they reach what an open file is, whatever its name is given
   * to meanwhile. Undefined where there is no such path.
   */
  readonly following?: AttributeCalls | undefined

  /** Absent where extended attributes are not reached at all. */
  readonly ofOpen?: OpenAttributeCalls | undefined

  /**
   * Lists a directory (no link), a way that allocates nothing for a name. Absent where the system has no such way; what
   * it refuses may go another way.
   */
  readonly openDirectory?: ((path: Buffer) => OpenDirectory) | undefined

  /**
   * What only Windows has: attributes and the tag of the name itself, without a look into the file; undefined where it
   * does not tell. Absent elsewhere.
   */
  readonly windowsFacts?: ((path: Uint8Array) => WindowsFacts | undefined) | undefined

  /** Makes a file that is neither file, directory nor link. The process's umask is taken from `mode`. */
  makeNode(path: Uint8Array, mode: number, node: SpecialNode): void

  /** @throws SystemCallError `EEXIST` when `to` exists. */
  renameNoReplace(from: Uint8Array, to: Uint8Array): void

  /**
   * Opens a file for writing, made if need be, that nobody else can open so until the descriptor is closed or the
   * process dies; undefined when somebody has it open so.
   */
  openLocked(path: string): number | undefined

  /** Makes the new, empty file `to` share the blocks of `from`; false where the file system can not. */
  cloneFile(from: number, to: number): boolean

  /**
   * Where the data at or behind `offset` of an open file begins and ends; undefined where nothing but a hole follows.
   * What can not tell holes from data says that all is data, without an end. Moves the descriptor's place in the file.
   */
  nextData(fd: number, offset: number): DataExtent | undefined

  /** Whether an open file or directory is marked as not worth a backup (`chattr +d`); false where there is no such mark. */
  isNodump(fd: number): boolean

  /** The target of a symbolic link that is open itself; absent where none can be. */
  readonly readOpenLink?: ((fd: number) => Buffer) | undefined

  /** Asks the system to read the file, which has been synced, from the disk again next time; it need not. */
  forgetCached(fd: number): void

  /** What this thread reads and writes comes last at the disk; nothing where the system knows no such thing. */
  lowerDiskPriority(threadId: number): void

  /** Whether inode numbers of the file system that `path` (followed) lies on stay with their files. */
  inodesLast(path: Uint8Array): boolean
}

/** To be closed. */
export interface OpenDirectory {
  /** Holds the names, each with a NUL behind it. */
  readonly names: Uint8Array
  /** Where they begin, ascending by name. */
  readonly starts: Uint32Array
  /** What bears the name now, not following a link; good until the next look into any directory. */
  lookAt(index: number): RawFacts
  close(): void
}

/** Numbers as the system gives them; those of 64 bits in halves. Seconds since 1970: those before are beyond 2^63. */
export interface RawFacts {
  readonly mode: number
  readonly links: number
  readonly sizeBytes: number
  readonly inodeHigh: number
  readonly inodeLow: number
  readonly mtimeSeconds: number
  readonly mtimeNanoseconds: number
  readonly ctimeSeconds: number
  readonly ctimeNanoseconds: number
  readonly deviceMajor: number
  readonly deviceMinor: number
}

export interface DataExtent {
  readonly start: number
  readonly end: number
}

export type SpecialNode =
  | { readonly kind: 'fifo' | 'socket' }
  | { readonly kind: 'block' | 'char'; readonly device: DeviceNumber }

/** A system call that failed; looks like Node's own errors. */
export class SystemCallError extends Error {
  readonly code: string
  readonly syscall: string

  constructor(code: string, syscall: string) {
    super(`${code}: ${syscall} failed`)
    this.name = 'SystemCallError'
    this.code = code
    this.syscall = syscall
  }
}
