/** Writes a recovery point, or a part of it, as a tar archive that GNU tar and libarchive extract to the same files. */

import type { Manifest } from '../../../../model/manifest.ts'
import { createHardLinks, type HardLinks } from '../../hard-links.ts'
import type { DirectoryItem, LeafItem, ReadablePoint, RestorePlan } from '../../plan.ts'
import { createReport, type RestoreObserver, type RestoreResult } from '../../report.ts'
import { addItems } from '../add-items.ts'
import type { WriteBytes } from '../write-bytes.ts'
import { writeArchive } from './archive.ts'
import { addEntry, type EntryContext } from './entry.ts'
import type { TarOwners } from './header.ts'

export interface TarOptions extends Pick<EntryContext, 'chunks' | 'owners' | 'acls' | 'xattrs'> {
  /** Called with one part after the other, each time when the part before is written. */
  readonly write: WriteBytes
  readonly observer?: RestoreObserver | undefined
  readonly signal?: AbortSignal | undefined
}

/** Names of users and groups; extracting goes by them first, as a restore does. */
export const tarOwners = ({ users, groups }: Pick<Manifest, 'users' | 'groups'>): TarOwners => ({
  users: new Map(users.map(({ id, name }) => [id, name])),
  groups: new Map(groups.map(({ id, name }) => [id, name])),
})

export const noOwnerNames: TarOwners = { users: new Map(), groups: new Map() }

/** What an archive can not hold, and what can not be read of single files, is in the result. */
export async function exportTar(
  point: ReadablePoint,
  plan: RestorePlan,
  options: TarOptions,
): Promise<RestoreResult> {
  const report = createReport(options.observer)
  await writeArchive(options.write, async (archive) => {
    const context = { ...options, tree: point.tree, report, archive }
    const links = createHardLinks()
    const adder = {
      directory: (item: DirectoryItem) => addEntry(item, context),
      leaf: (item: LeafItem) => addLeaf(item, links, context),
    }
    await addItems(plan, adder, context)
  })
  return report.result()
}

async function addLeaf(item: LeafItem, links: HardLinks, context: EntryContext): Promise<boolean> {
  const role = links.roleOf(item)
  const leader = role === 'follower' ? links.leaderOf(item) : undefined
  const linkedTo = leader?.identity === undefined ? undefined : leader.place
  const lead = role === 'alone' || linkedTo !== undefined ? undefined : links.lead(item)
  if (!(await addEntry(item, context, linkedTo))) return false
  if (lead !== undefined) lead.identity = inArchive
  if (linkedTo === undefined) return true
  context.report.made('hardLink')
  links.linked(item)
  return true
}

/** Further names can be linked to it. */
const inArchive = { dev: 0n, ino: 0n }
