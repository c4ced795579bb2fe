/**
 * The entries of a directory on their way into its tree: pages are written while names are still looked at, so that a
 * directory of a million names is not a million entries in memory. The tree is the same as if all had been at hand.
 */

import { encodeEntry } from '../../model/entry-codec.ts'
import type { ChunkReference } from '../../model/ids.ts'
import { createTreeWriter, type TreeWriter } from '../../model/tree-page.ts'
import { outcomes, type Step, type Walk, type Walked } from './walk-context.ts'

export interface DirectoryDraft {
  /** Ascending by name. Waits where many before it are not there yet. */
  add(step: Step): Promise<void>
  /** Something in it has to be waited for. */
  readonly isPending: boolean
  /** When all are there: whether the previous point holds the very same, and what writes the rest of the tree. */
  settle(): Promise<SettledDirectory>
}

export interface SettledDirectory {
  readonly same: boolean
  tree(): Promise<ChunkReference>
}

type DraftWalk = Pick<Walk, 'sink' | 'splitHash'>

/** Steps that are on their way: more than threads have at hand. */
const mostWaiting = 2048
/** Entries held before some of the tree is written; many, while it may be the previous one: then nothing is. */
const mostHeld = 2048
const mostHeldSame = 64 * 1024

export function createDraft(walk: DraftWalk): DirectoryDraft {
  let waiting: Step[] = []
  let held: Walked[] = []
  let writer: TreeWriter | undefined
  let same = true

  const write = async (): Promise<TreeWriter> => {
    await walk.sink.open()
    writer ??= createTreeWriter({
      splitHash: walk.splitHash,
      emit: (page) => walk.sink.add(2, page),
    })
    for (const { entry } of held) writer.add({ name: entry.name, bytes: encodeEntry(entry) })
    held = []
    return writer
  }
  const take = async (steps: readonly Step[]) => {
    const walked = await outcomes(steps)
    same &&= walked.every((one) => one.same)
    for (const one of walked) held.push(one)
    if (held.length < (same ? mostHeldSame : mostHeld)) return
    await write()
    await walk.sink.flow()
  }
  return {
    add: async (step) => {
      waiting.push(step)
      if (waiting.length >= mostWaiting) await take(waiting.splice(0, mostWaiting / 2))
    },
    get isPending() {
      return waiting.some((step) => 'later' in step)
    },
    settle: async () => {
      await take(waiting)
      waiting = []
      return {
        same,
        tree: async () => {
          const tree = (await write()).finish()
          await walk.sink.flow()
          return tree
        },
      }
    },
  }
}

export async function draftOf(walk: DraftWalk, steps: Iterable<Step>): Promise<DirectoryDraft> {
  const draft = createDraft(walk)
  for (const step of steps) await draft.add(step)
  return draft
}
