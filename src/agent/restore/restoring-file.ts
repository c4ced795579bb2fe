/**
 * A file that is being restored: its chunks come in any order and go to a temporary name; when the last one is there,
 * it gets its attributes and its name. Nothing half ever bears the final name.
 */

import { constants } from 'node:fs'
import { open, unlink, type FileHandle } from 'node:fs/promises'
import { BackupError, systemCodeOf } from '../../base/errors.ts'
import { toHex, utf8 } from '../../base/bytes.ts'
import type { FileEntry } from '../../model/entry.ts'
import { applyAttributes } from './attributes.ts'
import type { RestoreContext } from './context.ts'
import type { Identity } from './hard-links.ts'
import type { LeafItem } from './plan.ts'
import { noFollow, type Directory } from './target.ts'

export interface FileItem extends LeafItem {
  readonly entry: FileEntry
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
  const temporary = utf8(`.restore-${toHex(context.random(8))}.tmp`)
  let opening: Promise<FileHandle> | undefined
  let missingBytes = entry.sizeBytes
  let hasEnded = false

  const opened = () =>
    (opening ??= context.target.withDirectory(parent, (directory) =>
      openTemporary(directory.at(temporary)),
    ))
  const remove = async () => {
    const handle = await opening?.catch(() => undefined)
    if (handle === undefined) return
    await handle.close().catch(() => undefined)
    await context.target
      .withDirectory(parent, (directory) => unlink(directory.at(temporary)))
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
    const handle = await opened()
    const identity = await context.target.withDirectory(parent, async (directory) => {
      await applyAttributes(subjectOf(item, handle, directory.at(temporary)), context)
      const { dev, ino } =
        entry.links === undefined ? noIdentity : await handle.stat({ bigint: true })
      await handle.close()
      giveName(item, { directory, temporary }, context)
      return { dev, ino }
    })
    hasEnded = true
    context.report.made('file')
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
        await writeAll(await opened(), bytes, position)
        context.report.wrote(bytes.length)
        missingBytes -= bytes.length
        if (missingBytes === 0) await finish()
      }),
    finishEmpty: () => guarded(finish),
    fail,
    abandon,
  }
}

const openTemporary = (path: Buffer): Promise<FileHandle> =>
  open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | noFollow, 0o600)

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, at, bytes.length - at, position + at)
    at += bytesWritten
  }
}

const subjectOf = (item: FileItem, handle: FileHandle, at: Buffer) => ({
  path: item.path,
  entry: item.entry,
  at,
  chown: (uid: number, gid: number) => handle.chown(uid, gid),
  chmod: (mode: number) => handle.chmod(mode),
})

function giveName(
  { entry, place }: FileItem,
  from: { readonly directory: Directory; readonly temporary: Uint8Array },
  { system }: RestoreContext,
): void {
  const { directory, temporary } = from
  try {
    system.renameNoReplace(directory.at(temporary), directory.at(entry.name))
  } catch (error) {
    throw systemCodeOf(error) === 'EEXIST' ? alreadyThere(place, error) : error
  }
}

/** Nobody asks which file it is when it has one name. */
const noIdentity: Identity = { dev: 0n, ino: 0n }

/** What lies in the target is never overwritten. */
export const alreadyThere = (place: readonly Uint8Array[], cause: unknown): BackupError =>
  new BackupError(
    'already-exists',
    `There is a ${Buffer.from(place.at(-1) ?? []).toString()} in the target already.`,
    { cause },
  )
