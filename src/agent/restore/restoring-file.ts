/**
 * A file that is being restored: its chunks come in any order and go to a temporary name; when the last one is there,
 * it gets its attributes and its name. Nothing half ever bears the final name. System calls block: with many small files
 * a call that is waited for costs several times what it does.
 */

import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  renameSync,
  unlinkSync,
} from 'node:fs'
import { BackupError, systemCodeOf } from '../../base/errors.ts'
import type { FileEntry } from '../../model/entry.ts'
import type { ChunkReference } from '../../model/ids.ts'
import { applyAttributes } from './attributes.ts'
import type { FileContext } from './context.ts'
import type { FileItem } from './file-item.ts'
import type { Identity } from './hard-links.ts'
import { alreadyThere } from './target/errors.ts'
import { heldOpen } from './target/held.ts'
import { noFollow, type Directory } from './target/target.ts'
import { fileJobOf } from './writing/file-job.ts'
import type { FileDone, FileJob } from './writing/messages.ts'
import { sayRemarks } from './writing/remarks.ts'
import {
  holdsContent,
  mayHaveHoles,
  readChunk,
  setLength,
  writeFully,
  writeSparsely,
} from './written-content.ts'

export interface RestoringFile {
  /**
   * What another thread needs to write the whole file, of which this chunk is all; undefined where its chunks have to
   * come here. After it either `written` or one of the others is called.
   */
  handOut(chunk: { readonly lengthBytes: number; readonly position: number }): FileJob | undefined
  /** What came of it there. */
  written(done: FileDone): void
  /** Writes a verified chunk; after the last one the file has its name. Does nothing once the file failed. */
  write(bytes: Uint8Array, position: number): Promise<void>
  /**
   * Takes a chunk over from the open file that is replaced, sharing its blocks where the file system can; false where
   * it changed meanwhile.
   */
  takeOver(
    chunk: ChunkReference & { readonly position: number },
    replaced: { readonly bytes: Uint8Array; readonly from: number },
  ): Promise<boolean>
  /** For an empty file: there are no chunks to wait for. */
  finishEmpty(): Promise<void>
  /** Gives up; what was written is removed and the failure reported. */
  fail(error: unknown): Promise<void>
  /** Removes what is not finished. */
  abandon(): Promise<void>
}

/** The temporary file. */
interface Draft {
  readonly fd: number
  /** It began as a copy of what is replaced: where nothing is written lies something else than zeros. */
  readonly isClone: boolean
}

/** Below this a copy costs less than to share blocks. */
const leastCloneBytes = 1024 * 1024

/** `onEnd` learns which file it is on disk, or that there is none. */
export function restoreFile(
  item: FileItem,
  context: FileContext,
  onEnd: (identity: Identity | undefined) => void,
): RestoringFile {
  const { entry, place } = item
  const { target, system, report } = context
  const parent = place.slice(0, -1)
  const temporary = context.temporaryName()
  let opening: Promise<Draft> | undefined
  let missingBytes = entry.sizeBytes
  let hasEnded = false
  let isClosed = false
  let isElsewhere = false

  const opened = (cloneOf?: number) =>
    (opening ??= target.withDirectory(parent, (directory) => {
      const fd = openTemporary(directory.at(temporary))
      const clones = cloneOf !== undefined && entry.sizeBytes >= leastCloneBytes
      return Promise.resolve({ fd, isClone: clones && system.cloneFile(cloneOf, fd) })
    }))
  const remove = async () => {
    const draft = await opening?.catch(() => undefined)
    if (draft === undefined && !isElsewhere) return
    if (draft !== undefined && !isClosed) closeSync(draft.fd)
    await target
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
    report.failed(item.path, { kind: 'content' }, error)
  }
  const finish = async () => {
    const { fd } = await opened()
    setLength(fd, entry)
    if (context.readsBack) await readBack(fd, entry, context)
    const identity = await target.withDirectory(parent, async (directory) => {
      const held = heldOpen(fd, directory.at(temporary), system)
      await applyAttributes({ path: item.path, entry, held, directory }, context)
      const { dev, ino } = entry.links === undefined ? noIdentity : fstatSync(fd, { bigint: true })
      closeSync(fd)
      isClosed = true
      giveName(item, { directory, temporary }, context)
      return { dev, ino }
    })
    end(identity)
  }
  const end = (identity: Identity) => {
    hasEnded = true
    report.made('file')
    report.named(item, item.naming)
    onEnd(identity)
  }
  const take = async (lengthBytes: number) => {
    missingBytes -= lengthBytes
    if (missingBytes === 0) await finish()
  }
  const put = (
    fd: number,
    bytes: Uint8Array,
    { position, isNew }: { readonly position: number; readonly isNew: boolean },
  ) => {
    if (isNew && mayHaveHoles(entry)) writeSparsely(fd, bytes, position)
    else writeFully(fd, bytes, position)
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
    handOut: ({ lengthBytes, position }) => {
      const isAll = position === 0 && lengthBytes === entry.sizeBytes
      if (!isAll || hasEnded || opening !== undefined || context.readsBack) return undefined
      const job = fileJobOf(item, temporary, context)
      isElsewhere = job !== undefined
      return job
    },
    written: ({ identity, remarks }) => {
      if (hasEnded) return
      if (identity !== undefined) {
        report.wrote(entry.sizeBytes)
        end(identity)
      } else {
        hasEnded = true
        onEnd(undefined)
      }
      sayRemarks(remarks, item.path, report)
    },
    write: (bytes, position) =>
      guarded(async () => {
        const { fd, isClone } = await opened()
        put(fd, bytes, { position, isNew: !isClone })
        report.wrote(bytes.length)
        await take(bytes.length)
      }),
    takeOver: async (chunk, { bytes, from }) => {
      let isTaken = true
      await guarded(async () => {
        const { fd, isClone } = await opened(from)
        if (!isClone) put(fd, bytes, { position: chunk.position, isNew: true })
        else isTaken = readChunk(fd, chunk, context.nameOf) !== undefined
        if (!isTaken) return
        report.tookOver(bytes.length)
        await take(bytes.length)
      })
      return isTaken
    },
    finishEmpty: () => guarded(finish),
    fail,
    abandon,
  }
}

const openTemporary = (path: Buffer): number =>
  openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | noFollow, 0o600)

/** From the disk, as far as the system lets its memory of the file be dropped. */
async function readBack(fd: number, entry: FileEntry, context: FileContext): Promise<void> {
  fsyncSync(fd)
  context.system.forgetCached(fd)
  if (!(await holdsContent(fd, entry, context))) {
    throw new BackupError('verification-failed', 'What was written reads back as something else.', {
      hint: "Look at the target's disk: its health, its cables, the machine's memory.",
    })
  }
  context.report.readBack()
}

function giveName(
  { naming, place }: FileItem,
  from: { readonly directory: Directory; readonly temporary: Uint8Array },
  { system }: FileContext,
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
