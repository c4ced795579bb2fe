/**
 * A file that is being restored: its chunks come in any order and go to a temporary name; when the last one is there,
 * it gets its attributes and its name. Nothing half ever bears the final name. System calls block: with many small files
 * a call that is waited for costs several times what it does.
 */

import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { systemCodeOf } from '../../base/errors.ts'
import type { FileEntry } from '../../model/entry.ts'
import { applyAttributes } from './attributes.ts'
import type { RestoreContext } from './context.ts'
import type { Identity } from './hard-links.ts'
import type { LeafItem } from './plan.ts'
import type { NewName } from './naming.ts'
import { alreadyThere } from './target/errors.ts'
import { heldOpen } from './target/held.ts'
import { noFollow, type Directory } from './target/target.ts'

export interface FileItem extends LeafItem {
  readonly entry: FileEntry
  readonly naming: NewName
}

export interface RestoringFile {
  /** Writes a verified chunk; after the last one the file has its name. Does nothing once the file failed. */
  write(bytes: Uint8Array, position: number): Promise<void>
  /** For an empty file: there are no chunks to wait for. */
  finishEmpty(): Promise<void>
  /** Gives up; what was written is removed and the failure reported. */
  fail(error: unknown): Promise<void>
  /** Removes what is not finished. */
  abandon(): Promise<void>
}

/** `onEnd` learns which file it is on disk, or that there is none. */
export function restoreFile(
  item: FileItem,
  context: RestoreContext,
  onEnd: (identity: Identity | undefined) => void,
): RestoringFile {
  const { entry, place } = item
  const parent = place.slice(0, -1)
  const temporary = context.temporaryName()
  let opening: Promise<number> | undefined
  let missingBytes = entry.sizeBytes
  let hasEnded = false
  let isClosed = false

  const opened = () =>
    (opening ??= context.target.withDirectory(parent, (directory) =>
      Promise.resolve(openTemporary(directory.at(temporary))),
    ))
  const remove = async () => {
    const fd = await opening?.catch(() => undefined)
    if (fd === undefined) return
    if (!isClosed) closeSync(fd)
    await context.target
      .withDirectory(parent, (directory) => {
        unlinkSync(directory.at(temporary))
        return Promise.resolve()
      })
      .catch(() => undefined)
  }
  const abandon = async () => {
    if (hasEnded) return
    hasEnded = true
    await remove()
    onEnd(undefined)
  }
  const fail = async (error: unknown) => {
    if (hasEnded) return
    await abandon()
    context.report.failed(item.path, { kind: 'content' }, error)
  }
  const finish = async () => {
    const fd = await opened()
    const identity = await context.target.withDirectory(parent, async (directory) => {
      // A hole at the end was not written.
      if (entry.flags.sparse) ftruncateSync(fd, entry.sizeBytes)
      const held = heldOpen(fd, directory.at(temporary), context.system)
      await applyAttributes({ path: item.path, entry, held }, context)
      const { dev, ino } = entry.links === undefined ? noIdentity : fstatSync(fd, { bigint: true })
      closeSync(fd)
      isClosed = true
      giveName(item, { directory, temporary }, context)
      return { dev, ino }
    })
    hasEnded = true
    context.report.made('file')
    context.report.named(item.entry.name, item.naming)
    onEnd(identity)
  }
  const guarded = async (work: () => Promise<void>) => {
    if (hasEnded) return
    try {
      await work()
    } catch (error) {
      await fail(error)
    }
  }
  return {
    write: (bytes, position) =>
      guarded(async () => {
        const fd = await opened()
        if (!entry.flags.sparse || !isZeros(bytes)) writeAll(fd, bytes, position)
        context.report.wrote(bytes.length)
        missingBytes -= bytes.length
        if (missingBytes === 0) await finish()
      }),
    finishEmpty: () => guarded(finish),
    fail,
    abandon,
  }
}

const openTemporary = (path: Buffer): number =>
  openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | noFollow, 0o600)

/** Zeros throughout: the first is one, and each is like the one before. */
const isZeros = (bytes: Uint8Array): boolean =>
  bytes[0] === 0 && Buffer.compare(bytes.subarray(1), bytes.subarray(0, -1)) === 0

function writeAll(fd: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length;) {
    at += writeSync(fd, bytes, at, bytes.length - at, position + at)
  }
}

function giveName(
  { naming, place }: FileItem,
  from: { readonly directory: Directory; readonly temporary: Uint8Array },
  { system }: RestoreContext,
): void {
  const { directory, temporary } = from
  const [at, name] = [directory.at(temporary), directory.at(naming.name)]
  if (naming.replaces) {
    renameSync(at, name)
    return
  }
  try {
    system.renameNoReplace(at, name)
  } catch (error) {
    throw systemCodeOf(error) === 'EEXIST' ? alreadyThere(place, error) : error
  }
}

/** Nobody asks which file it is when it has one name. */
const noIdentity: Identity = { dev: 0n, ino: 0n }
