/** Opens a regular file for reading: never through a link, never waiting for a writer, without changing its times. */

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { BackupError, systemCodeOf } from '../../base/errors.ts'
import { systemCalls } from '../system/open.ts'
import type { DataExtent } from '../system/system-calls.ts'
import { factsOf, type FileFacts } from './facts.ts'
import { reaching } from './reach.ts'
import { readXattrsOfOpen, type XattrListing } from './read-xattrs.ts'

/** Blocks its thread. Throws Node's errors. */
export interface SourceFile {
  /** The facts when it was opened. */
  readonly opened: FileFacts
  /** The facts now: where they differ before and after, the file changed while it was read. */
  facts(): FileFacts
  /** Less of it is on disk than its size says: it may have holes. */
  readonly isSparse: boolean
  /** Where data follows, from an offset on; undefined where nothing but a hole does. Reading goes on where it is told to. */
  nextData(offset: number): DataExtent | undefined
  /** Reads from `position` on, or else from where the last read ended, and says how many bytes; 0 at the file's end only. */
  read(into: Uint8Array, position?: number): number
  xattrs(): XattrListing
  close(): void
}

/**
 * @throws Node's error, `ELOOP` for a symbolic link; BackupError `file-unreadable` where it is no regular file (any
 * more).
 */
export function openForReading(path: Uint8Array): SourceFile {
  const fd = reaching(path, openWithoutTrace)
  const facts = () => factsOf(fstatSync(fd, { bigint: true }))
  let opened: FileFacts
  let isSparse: boolean
  try {
    const stats = fstatSync(fd, { bigint: true })
    opened = factsOf(stats)
    isSparse = stats.blocks * blockBytes < stats.size
    const { kind } = opened
    if (kind !== 'file') throw new BackupError('file-unreadable', `It is no file but a ${kind}.`)
  } catch (error) {
    closeSync(fd)
    throw error
  }
  return {
    opened,
    facts,
    isSparse,
    nextData: (offset) => systemCalls().nextData(fd, offset),
    read: (into, position) => readSync(fd, into, 0, into.length, position ?? null),
    xattrs: () => readXattrsOfOpen(fd),
    close: () => closeSync(fd),
  }
}

/** What `st_blocks` counts. */
const blockBytes = 512n

/** Systems lack some of these. */
const flag = (name: 'O_NOFOLLOW' | 'O_NONBLOCK' | 'O_NOATIME'): number =>
  (constants as Readonly<Record<string, number | undefined>>)[name] ?? 0

const readFlags = constants.O_RDONLY | flag('O_NOFOLLOW') | flag('O_NONBLOCK')

/** A file or directory. Only its owner and root may leave its access time alone. */
export function openWithoutTrace(path: Buffer): number {
  try {
    return openSync(path, readFlags | flag('O_NOATIME'))
  } catch (error) {
    if (systemCodeOf(error) !== 'EPERM') throw error
    return openSync(path, readFlags)
  }
}
