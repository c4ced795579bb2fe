/** What a file that is going to be replaced holds already: chunks that are right are taken over, not fetched. */

import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import type { ChunkReference } from '../../model/ids.ts'
import type { RestoreContext } from './context.ts'
import type { FileItem } from './file-item.ts'
import type { RestoringFile } from './restoring-file.ts'
import { noFollow } from './target/target.ts'
import { readChunk } from './written-content.ts'

export interface ReplacedContent {
  /** Whether the chunk was there: then the file has it. */
  handOver(
    file: RestoringFile,
    chunk: ChunkReference & { readonly position: number },
  ): Promise<boolean>
  close(): void
}

/** Undefined where nothing is replaced, or it can not be read. */
export async function openReplaced(
  { naming, place }: FileItem,
  { target, nameOf }: RestoreContext,
): Promise<ReplacedContent | undefined> {
  if (!naming.replaces) return undefined
  const fd = await target.withDirectory(place.slice(0, -1), (directory) =>
    Promise.resolve(openFile(directory.at(naming.name))),
  )
  if (fd === undefined) return undefined
  return {
    handOver: async (file, chunk) => {
      const bytes = readChunk(fd, chunk, nameOf)
      return bytes !== undefined && (await file.takeOver(chunk, { bytes, from: fd }))
    },
    close: () => {
      closeSync(fd)
    },
  }
}

function openFile(at: Buffer): number | undefined {
  let fd: number
  try {
    fd = openSync(at, constants.O_RDONLY | constants.O_NONBLOCK | noFollow)
  } catch {
    return undefined
  }
  if (fstatSync(fd).isFile()) return fd
  closeSync(fd)
  return undefined
}
