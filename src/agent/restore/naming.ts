/** Settles the name that an entry gets in the target, where there may be something already. */

import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
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
  const { name } = item.entry
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

interface Met {
  readonly facts: BigIntStats
  readonly context: RestoreContext
}

async function settled(
  { entry }: LeafItem,
  directory: Directory,
  { facts, context }: Met,
): Promise<Exclude<Verdict['kind'], 'compare'>> {
  const verdict = judgeConflict(entry, existingOf(facts, context), context.onConflict)
  if (verdict.kind !== 'compare') return verdict.kind
  const at = directory.at(entry.name)
  const isThere =
    (await isSame(entry, at, { facts, context })) &&
    (verdict.otherwise !== 'replace' || (await hasAttributes(entry, { at, facts }, context)))
  return isThere ? 'there' : verdict.otherwise
}

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

/** Named chunk by chunk, as a backup would: nothing is fetched for it. */
async function hasContent(entry: FileEntry, at: Buffer, context: RestoreContext): Promise<boolean> {
  // What was a file a moment ago may be a FIFO by now: that one must not be waited for.
  const fd = openSync(at, constants.O_RDONLY | constants.O_NONBLOCK | noFollow)
  try {
    if (!fstatSync(fd).isFile()) return false
    for await (const { id, lengthBytes } of context.tree.content(entry)) {
      const bytes = Buffer.allocUnsafe(lengthBytes)
      let length = 0
      for (let read = -1; read !== 0 && length < lengthBytes; length += read) {
        read = readSync(fd, bytes, length, lengthBytes - length, null)
      }
      if (length !== lengthBytes || context.nameOf(bytes) !== id) return false
    }
    return true
  } finally {
    closeSync(fd)
  }
}

const mostCopies = 1000

function freeCopyName(
  { entry, place }: LeafItem,
  directory: Directory,
  { nowNs }: RestoreContext,
): Uint8Array {
  for (let number = 1; number <= mostCopies; number++) {
    const name = copyName(entry.name, Number(nowNs / 1_000_000n), number)
    if (factsAt(directory, name) === undefined) return name
  }
  throw alreadyThere(place, undefined)
}
