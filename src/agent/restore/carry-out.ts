/** Carries out a plan: directories as they come, files in batches, names and attributes when what they wait for is there. */

import type { DirectoryItem, LeafItem, RestorePlan } from './plan.ts'
import { createBatch, type Batch } from './batch.ts'
import { mayReplace } from './conflict.ts'
import type { RestoreContext } from './context.ts'
import type { FileItem } from './file-item.ts'
import { finishDirectory, makeDirectory } from './directories.ts'
import { createHardLinks, linkTo, type HardLinks, type Leader } from './hard-links.ts'
import { withHeldNames } from './held-names.ts'
import { removeLeftBehind } from './left-behind.ts'
import { settleName, type Naming, type NewName } from './naming.ts'
import { restoreFile, type RestoringFile } from './restoring-file.ts'
import { openReplaced } from './replaced-content.ts'
import { restoreSpecial } from './special.ts'
import type { Place } from './target/target.ts'
import type { Writers } from './writing/messages.ts'

/** A restore under way. */
interface Work {
  readonly context: RestoreContext
  readonly batch: Batch
  readonly links: HardLinks
  /** Begun and not ended: removed when the restore is cut short. */
  readonly open: Set<RestoringFile>
}

/** Failures of single entries are reported to the context; rejects with what stops all of it. */
export async function carryOut(
  plan: RestorePlan,
  context: RestoreContext,
  writers?: Writers,
): Promise<void> {
  const work: Work = {
    context,
    batch: createBatch(context, writers),
    links: createHardLinks(),
    open: new Set(),
  }
  try {
    await takeItems(work, plan)
    await work.batch.finish()
  } finally {
    await work.batch.stop()
    for (const file of work.open) await file.abandon()
  }
}

async function takeItems(work: Work, plan: RestorePlan): Promise<void> {
  const { context, batch } = work
  /** Of each directory that is open: whether its attributes are set at its end. */
  const finished: boolean[] = []
  let entered = false
  const held = withHeldNames(plan, context.target.names)
  for await (const item of held.items({ signal: context.signal, enter: () => entered })) {
    switch (item.kind) {
      case 'directory': {
        const made = await takeDirectory(work, item)
        entered = made !== undefined
        if (entered) finished.push(made === true || (!item.way && mayChange(context)))
        break
      }
      case 'leaf':
        await takeLeaf(work, item)
        break
      case 'unreadable':
        context.report.failed(item.path, { kind: 'content' }, item.error)
        break
      case 'end':
        if (finished.pop() === true) batch.afterwards(() => finishDirectory(item, context))
    }
    if (batch.isFull) await batch.flush()
  }
}

/** Whether directories that were there get the attributes of the point: also a target that was empty. */
const mayChange = ({ onConflict, mayMeet }: RestoreContext): boolean =>
  !mayMeet || mayReplace(onConflict)

/** Whether the directory is new; undefined where there can be none. */
async function takeDirectory({ context }: Work, item: DirectoryItem): Promise<boolean | undefined> {
  try {
    const made = await makeDirectory(item, context)
    if (!made && context.mayMeet) await removeLeftBehind(context.target, item.place, context.runner)
    if (!item.way) context.report.made('directory')
    if (item.place.length > 0)
      context.report.named(item, { name: item.place.at(-1) ?? item.entry.name, replaces: false })
    return made
  } catch (error) {
    context.report.failed(item.path, { kind: 'content' }, error)
    return undefined
  }
}

async function takeLeaf(work: Work, item: LeafItem): Promise<void> {
  switch (work.links.roleOf(item)) {
    case 'alone':
      return makeLeaf(work, item, undefined)
    case 'leader':
      return makeLeaf(work, item, work.links.lead(item))
    case 'follower':
      work.batch.afterwards(() => takeFurtherName(work, item))
  }
}

async function takeFurtherName(work: Work, item: LeafItem): Promise<void> {
  const leader = work.links.leaderOf(item)
  if (leader?.identity !== undefined && (await linkFurther(work, item, leader))) return
  await makeLeaf(work, item, work.links.lead(item))
}

/** False where it has to become a file of its own, which says itself what is wrong. */
async function linkFurther({ context, links }: Work, item: LeafItem, leader: Leader) {
  const { report } = context
  try {
    const naming = await settleName(item, context)
    if (naming.kind !== 'make') report.left(naming.kind)
    else {
      await linkTo(leader, renamed(item.place, naming), { ...context, replaces: naming.replaces })
      report.made(item.entry.type === 'file' ? 'file' : 'other')
      report.made('hardLink')
      report.named(item, naming)
    }
    links.linked(item)
    return true
  } catch {
    return false
  }
}

const renamed = (place: Place, { name }: NewName): Place => [...place.slice(0, -1), name]

async function makeLeaf(work: Work, item: LeafItem, leader: Leader | undefined): Promise<void> {
  const { context } = work
  let naming: Naming
  try {
    naming = await settleName(item, context)
  } catch (error) {
    context.report.failed(item.path, { kind: 'content' }, error)
    return
  }
  if (naming.kind === 'make') {
    if (leader !== undefined) leader.place = renamed(leader.place, naming)
    await makeNamed(work, { ...item, naming }, leader)
    return
  }
  context.report.left(naming.kind)
  if (leader !== undefined && naming.kind === 'there') leader.identity = naming.identity
}

async function makeNamed(
  work: Work,
  item: LeafItem & { readonly naming: NewName },
  leader: Leader | undefined,
): Promise<void> {
  const { entry } = item
  if (entry.type === 'file') {
    await addFile(work, { ...item, entry }, leader)
    return
  }
  const identity = await restoreSpecial({ ...item, entry }, work.context)
  if (leader !== undefined) leader.identity = identity
}

async function addFile(work: Work, item: FileItem, leader: Leader | undefined): Promise<void> {
  const { context, open } = work
  const file = restoreFile(item, context, (identity) => {
    if (leader !== undefined) leader.identity = identity
    open.delete(file)
  })
  open.add(file)
  if (item.entry.sizeBytes === 0) await file.finishEmpty()
  try {
    await addChunks(work, item, file)
  } catch (error) {
    await file.fail(error)
  }
}

async function addChunks(work: Work, item: FileItem, file: RestoringFile): Promise<void> {
  const { batch, context } = work
  const replaced = await openReplaced(item, context)
  let position = 0
  let isBegun = false
  try {
    for await (const reference of context.tree.content(item.entry)) {
      const chunk = { ...reference, position }
      if ((await replaced?.handOver(file, chunk)) === true) isBegun = true
      else batch.add(file, reference, position)
      position += reference.lengthBytes
      if (batch.isFull) await batch.flush()
    }
  } finally {
    replaced?.close()
  }
  // What was begun holds a file open until its last chunk is there.
  if (isBegun && work.open.size >= mostBegun) await batch.flush()
}

const mostBegun = 128
