/** Restores what is neither file nor directory: symbolic links, FIFOs, sockets, devices. They get their name at once. */

import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fstatSync,
  lchownSync,
  lstatSync,
  openSync,
  renameSync,
  symlinkSync,
} from 'node:fs'
import { BackupError, systemCodeOf } from '../../base/errors.ts'
import { bufferOf } from '../../base/bytes.ts'
import type { FileEntry, SymlinkEntry } from '../../model/entry.ts'
import { applyAttributes } from './attributes.ts'
import type { RestoreContext } from './context.ts'
import type { Identity } from './hard-links.ts'
import type { LeafEntry, LeafItem } from './plan.ts'
import type { NewName } from './naming.ts'
import { alreadyThere } from './target/errors.ts'
import type { Directory } from './target/target.ts'

export type SpecialEntry = Exclude<LeafEntry, FileEntry>
type NodeEntry = Exclude<SpecialEntry, SymlinkEntry>

export interface SpecialItem extends LeafItem {
  readonly entry: SpecialEntry
  readonly naming: NewName
}

/** Undefined when it could not be made, which is reported. */
export async function restoreSpecial(
  item: SpecialItem,
  context: RestoreContext,
): Promise<Identity | undefined> {
  try {
    const identity = await context.target.withDirectory(item.place.slice(0, -1), (directory) =>
      makeNamed(item, directory, context),
    )
    context.report.made('other')
    context.report.named(item.entry.name, item.naming)
    return identity
  } catch (error) {
    const taken = systemCodeOf(error) === 'EEXIST'
    const reported = taken ? alreadyThere(item.place, error) : error
    context.report.failed(item.path, { kind: 'content' }, reported)
    return undefined
  }
}

/** What is there goes in the moment in which the new one gets its name. */
async function makeNamed(
  item: SpecialItem,
  directory: Directory,
  context: RestoreContext,
): Promise<Identity> {
  const { name, replaces } = item.naming
  if (!replaces) return make(item, directory.at(name), context)
  const temporary = directory.at(context.temporaryName())
  const identity = await make(item, temporary, context)
  renameSync(temporary, directory.at(name))
  return identity
}

async function make(
  { path, entry }: SpecialItem,
  at: Buffer,
  context: RestoreContext,
): Promise<Identity> {
  if (entry.type === 'symlink') {
    symlinkSync(bufferOf(entry.target), at)
    const byPath = (uid: number, gid: number) => lchownSync(at, uid, gid)
    await applyAttributes({ path, entry, at, chown: byPath }, context)
  } else {
    makeNode(entry, at, context)
    await withNode(entry, at, (node) =>
      applyAttributes(
        {
          path,
          entry,
          at,
          chown: (uid, gid) => chownSync(node, uid, gid),
          chmod: (mode) => chmodSync(node, mode),
        },
        context,
      ),
    )
  }
  const { dev, ino } = lstatSync(at, { bigint: true })
  return { dev, ino }
}

function makeNode(entry: NodeEntry, at: Buffer, { system }: RestoreContext): void {
  const node = 'device' in entry ? { kind: entry.type, device: entry.device } : { kind: entry.type }
  system.makeNode(at, 0o600, node)
}

/** Lends a path that leads to this very node, whatever its name is given to: changing modes would follow a link. */
async function withNode(
  entry: NodeEntry,
  at: Buffer,
  use: (path: Buffer) => Promise<void>,
): Promise<void> {
  if (process.platform !== 'linux') {
    await use(at)
    return
  }
  const fd = openSync(at, openPath | constants.O_NOFOLLOW)
  try {
    const facts = fstatSync(fd)
    if ((facts.mode & constants.S_IFMT) !== typeBits[entry.type] || facts.nlink !== 1) {
      throw new BackupError('target-refused', 'Something else took the place of a special file.')
    }
    await use(Buffer.from(`/proc/self/fd/${fd}`))
  } finally {
    closeSync(fd)
  }
}

/** Linux's O_PATH: the name only, nothing is opened; a FIFO would wait, a device might act. */
const openPath = 0o10000000

const typeBits: Readonly<Record<NodeEntry['type'], number>> = {
  fifo: constants.S_IFIFO,
  socket: constants.S_IFSOCK,
  block: constants.S_IFBLK,
  char: constants.S_IFCHR,
}
