/**
 * What is restored together: the chunks of many files, read by pack, and after them the names and directories that
 * waited for those files. Bounds how much of a point is held at once.
 */

import type { ChunkId, ChunkReference } from '../../model/ids.ts'
import type { RestoreContext } from './context.ts'
import type { RestoringFile } from './restoring-file.ts'

export interface Batch {
  readonly isFull: boolean
  /** A chunk of the file, at this position in it. */
  add(file: RestoringFile, reference: ChunkReference, position: number): void
  /** Something to do when all files so far are done; in order. */
  afterwards(work: () => Promise<void>): void
  /** Does everything that was added. */
  flush(): Promise<void>
}

/** Where a chunk goes. */
interface Use {
  readonly file: RestoringFile
  readonly position: number
}

const mostUses = 8192
const mostBytes = 256 * 1024 * 1024
/** Files of several chunks stay open until the last one is written. */
const mostOpenFiles = 128
const mostAfterwards = 65_536

export function createBatch({ chunks }: RestoreContext): Batch {
  let wanted: ChunkReference[] = []
  let usesOf = new Map<ChunkId, Use[]>()
  let later: (() => Promise<void>)[] = []
  const partial = new Set<RestoringFile>()
  let uses = 0
  let bytes = 0

  const flushChunks = async () => {
    if (wanted.length === 0) return
    const references = wanted
    const taken = usesOf
    const filesOf = (id: ChunkId) => taken.get(id) ?? []
    wanted = []
    usesOf = new Map()
    partial.clear()
    uses = 0
    bytes = 0
    await chunks.loadMany(references, {
      use: async ({ id }, plaintext) => {
        for (const { file, position } of filesOf(id)) await file.write(plaintext, position)
      },
      failed: async ({ id }, error) => {
        for (const { file } of filesOf(id)) await file.fail(error)
      },
    })
  }
  return {
    get isFull() {
      return (
        uses >= mostUses ||
        bytes >= mostBytes ||
        partial.size >= mostOpenFiles ||
        later.length >= mostAfterwards
      )
    },
    add: (file, reference, position) => {
      const known = usesOf.get(reference.id)
      if (known === undefined) {
        usesOf.set(reference.id, [{ file, position }])
        wanted.push(reference)
        bytes += reference.lengthBytes
      } else known.push({ file, position })
      uses++
      if (position > 0) partial.add(file)
    },
    afterwards: (work) => {
      later.push(work)
    },
    flush: async () => {
      await flushChunks()
      const works = later
      later = []
      for (const work of works) {
        await work()
        // A name that could not be linked has become a file of its own; what follows waits for it.
        await flushChunks()
      }
    },
  }
}
