/** Writes a recovery point, or a part of it, as a zip archive, and tells what of it zip has no room for. */

import type { ChunkReader } from '../../../../repository/chunk-reader.ts'
import type { TreeReader } from '../../../../repository/tree-reader.ts'
import { wantedXattrs } from '../../attributes.ts'
import { createHardLinks, type HardLinks } from '../../hard-links.ts'
import { withHeldNames } from '../../held-names.ts'
import type { DirectoryItem, LeafItem, ReadablePoint, RestorePlan } from '../../plan.ts'
import {
  createReport,
  type RestoreObserver,
  type RestoreReport,
  type RestoreResult,
} from '../../report.ts'
import type { Place } from '../../target/target.ts'
import { addItems } from '../add-items.ts'
import { contentOf, countedContent, type Content } from '../content.ts'
import { refused } from '../refused.ts'
import type { WriteBytes } from '../write-bytes.ts'
import { writeZip, type ZipArchive } from './archive.ts'
import { lossesOf, zipHeader, type Loss, type ZipHeader } from './header.ts'

export interface ZipOptions {
  /** Called with one part after the other, each time when the part before is written. */
  readonly write: WriteBytes
  readonly chunks: ChunkReader
  /** Whether they are missed. */
  readonly acls: boolean
  readonly xattrs: boolean
  readonly observer?: ZipObserver | undefined
  readonly signal?: AbortSignal | undefined
}

export interface ZipObserver extends RestoreObserver {
  onLosses?(path: Place, losses: readonly Loss[]): void
}

interface ZipContext extends ZipOptions {
  readonly archive: ZipArchive
  readonly report: RestoreReport
  readonly tree: TreeReader
}

type Item = DirectoryItem | LeafItem

/**
 * Entries and attributes that zip can not hold, and what can not be read of single files, are failures in the result.
 * What zip keeps of no entry is only told to the observer.
 */
export async function exportZip(
  point: ReadablePoint,
  plan: RestorePlan,
  options: ZipOptions,
): Promise<RestoreResult> {
  const report = createReport(options.observer)
  await writeZip(options.write, async (archive) => {
    const context = { ...options, tree: point.tree, report, archive }
    const links = createHardLinks()
    const adder = {
      directory: (item: DirectoryItem) => addDirectory(item, context),
      leaf: (item: LeafItem) => addLeaf(item, links, context),
    }
    await addItems(withHeldNames(plan, 'zip'), adder, context)
  })
  return report.result()
}

async function addDirectory(item: DirectoryItem, context: ZipContext): Promise<boolean> {
  // What is extracted into has no entry.
  if (item.place.length === 0) return false
  const header = headerOf(item, context)
  if (header === undefined) return false
  await context.archive.directory(header)
  tell(item, lossesOf(item.entry), context)
  return true
}

async function addLeaf(item: LeafItem, links: HardLinks, context: ZipContext): Promise<boolean> {
  const { archive, report } = context
  const header = headerOf(item, context)
  if (header === undefined) return false
  let content: Content
  try {
    content = item.entry.type === 'symlink' ? [item.entry.target] : await contentOf(item, context)
  } catch (error) {
    report.failed(item.path, { kind: 'content' }, error)
    return false
  }
  const isFile = item.entry.type === 'file'
  await archive.content(header, isFile ? countedContent(content, report) : content)
  tell(item, [...lossesOf(item.entry), ...linkLoss(item, links)], context)
  return true
}

/** Undefined for what can not be held, which is reported. */
function headerOf(item: Item, { report }: ZipContext): ZipHeader | undefined {
  try {
    return zipHeader(item)
  } catch (error) {
    report.failed(item.path, { kind: 'content' }, error)
    return undefined
  }
}

function tell(item: Item, losses: readonly Loss[], context: ZipContext): void {
  const { report, observer } = context
  const name = item.place.at(-1)
  if (name !== undefined) report.named(item, { name, replaces: false })
  for (const { name } of wantedXattrs(item.entry, context)) {
    report.failed(item.path, { kind: 'xattr', name }, noAttributes)
  }
  if (losses.length > 0) observer?.onLosses?.(item.path, losses)
}

const noAttributes = refused('A zip archive can not hold it.')

/** Each name of a file has a copy of its own. */
function linkLoss(item: LeafItem, links: HardLinks): Loss[] {
  const role = links.roleOf(item)
  if (role === 'leader') links.lead(item)
  if (role === 'follower') links.linked(item)
  return role === 'follower' ? ['hard-link'] : []
}
