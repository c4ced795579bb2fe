/** Settles the name that an entry gets in the target, where there may be something already. */

import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  type BigIntStats,
} from 'node:fs'
import { equalBytes } from '../../base/bytes.ts'
import { systemCodeOf } from '../../base/errors.ts'
import type { FileEntry } from '../../model/entry.ts'
import { decodeDevice } from '../source/facts.ts'
import { copyName, judgeConflict, type Existing, type Verdict } from './conflict.ts'
import type { RestoreContext } from './context.ts'
import type { Identity } from './hard-links.ts'
import type { LeafEntry, LeafItem } from './plan.ts'
import { hasAttributes } from './same-attributes.ts'
import { alreadyThere } from './target/errors.ts'
import { noFollow, type Directory } from './target/target.ts'
import { holdsContent } from './written-content.ts'

/** How an entry gets its name. */
export interface NewName {
  readonly kind: 'make'
  readonly name: Uint8Array
  /** What bears the name goes. */
  readonly replaces: boolean
}

export type Naming =
  | NewName
  /** Left as it is: by the user's rule, or because it is what would be made. */
  | { readonly kind: 'skip' | 'there'; readonly identity: Identity }

/** @throws BackupError `already-exists` where the rule leaves no way */
export async function settleName(item: LeafItem, context: RestoreContext): Promise<Naming> {
  const name = nameIn(item)
  const asItIs: NewName = { kind: 'make', name, replaces: false }
  if (!context.mayMeet) return asItIs
  return context.target.withDirectory(item.place.slice(0, -1), async (directory) => {
    const facts = factsAt(directory, name)
    if (facts === undefined) return asItIs
    const verdict = await settled(item, directory, { facts, context })
    switch (verdict) {
      case 'blocked':
        throw alreadyThere(item.place, undefined)
      case 'replace':
        return { kind: 'make', name, replaces: true }
      case 'copy':
        return { kind: 'make', name: freeCopyName(item, directory, context), replaces: false }
      case 'skip':
      case 'there':
        return { kind: verdict, identity: { dev: facts.dev, ino: facts.ino } }
    }
  })
}

/** The last component of its place: the entry's own name where the target can hold it. */
const nameIn = ({ place }: LeafItem): Uint8Array => place.at(-1) ?? new Uint8Array(0)

interface Met {
  readonly facts: BigIntStats
  readonly context: RestoreContext
}

async function settled(
  item: LeafItem,
  directory: Directory,
  { facts, context }: Met,
): Promise<Exclude<Verdict['kind'], 'compare'>> {
  const { entry } = item
  const judged = judgeConflict(entry, existingOf(facts, context), context.onConflict)
  const verdict = context.readsBack ? lookedInto(judged) : judged
  if (verdict.kind !== 'compare') return verdict.kind
  const at = directory.at(nameIn(item))
  const isThere =
    (await isSame(entry, at, { facts, context })) &&
    (verdict.otherwise !== 'replace' || (await hasAttributes(entry, { at, facts }, context)))
  return isThere ? 'there' : verdict.otherwise
}

/** Who wants to be sure does not believe size and time. */
const lookedInto = (verdict: Verdict): Verdict =>
  verdict.kind === 'there' ? { kind: 'compare', otherwise: 'replace' } : verdict

function factsAt(directory: Directory, name: Uint8Array): BigIntStats | undefined {
  try {
    return lstatSync(directory.at(name), { bigint: true })
  } catch (error) {
    if (['ENOENT', 'ENAMETOOLONG'].includes(systemCodeOf(error) ?? '')) return undefined
    throw error
  }
}

const existingOf = (facts: BigIntStats, { nowNs }: RestoreContext): Existing => ({
  kind: kindOf(facts),
  sizeBytes: Number(facts.size),
  mtimeNs: facts.mtimeNs,
  isRecent: facts.ctimeNs >= nowNs,
})

function kindOf(facts: BigIntStats): Existing['kind'] {
  if (facts.isFile()) return 'file'
  if (facts.isDirectory()) return 'directory'
  if (facts.isSymbolicLink()) return 'symlink'
  if (facts.isFIFO()) return 'fifo'
  if (facts.isSocket()) return 'socket'
  if (facts.isBlockDevice()) return 'block'
  return facts.isCharacterDevice() ? 'char' : 'other'
}

/** Of two things of one kind, size and time: whether they are the same. */
async function isSame(entry: LeafEntry, at: Buffer, { facts, context }: Met): Promise<boolean> {
  switch (entry.type) {
    case 'file':
      return hasContent(entry, at, context)
    case 'symlink':
      return equalBytes(readlinkSync(at, 'buffer'), entry.target)
    case 'block':
    case 'char': {
      const { major, minor } = decodeDevice(facts.rdev)
      return major === entry.device.major && minor === entry.device.minor
    }
    case 'fifo':
    case 'socket':
      return true
  }
}

async function hasContent(entry: FileEntry, at: Buffer, context: RestoreContext): Promise<boolean> {
  // What was a file a moment ago may be a FIFO by now: that one must not be waited for.
  const fd = openSync(at, constants.O_RDONLY | constants.O_NONBLOCK | noFollow)
  try {
    return fstatSync(fd).isFile() && (await holdsContent(fd, entry, context))
  } finally {
    closeSync(fd)
  }
}

const mostCopies = 1000

function freeCopyName(item: LeafItem, directory: Directory, { nowNs }: RestoreContext): Uint8Array {
  for (let number = 1; number <= mostCopies; number++) {
    const name = copyName(nameIn(item), Number(nowNs / 1_000_000n), number)
    if (factsAt(directory, name) === undefined) return name
  }
  throw alreadyThere(item.place, undefined)
}
