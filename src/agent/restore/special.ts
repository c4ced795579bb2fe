/** Restores what is neither file nor directory: symbolic links, FIFOs, sockets, devices. */

import { constants, renameSync, symlinkSync, unlinkSync } from 'node:fs'
import { systemCodeOf } from '../../base/errors.ts'
import { bufferOf } from '../../base/bytes.ts'
import type { FileEntry } from '../../model/entry.ts'
import { applyAttributes } from './attributes.ts'
import type { RestoreContext } from './context.ts'
import type { Identity } from './hard-links.ts'
import type { LeafEntry, LeafItem } from './plan.ts'
import type { NewName } from './naming.ts'
import { isDevice, withheld } from './privileges.ts'
import { alreadyThere } from './target/errors.ts'
import { withHeldNode } from './target/held.ts'
import type { Directory } from './target/target.ts'

export type SpecialEntry = Exclude<LeafEntry, FileEntry>

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
    context.report.named(item, item.naming)
    return identity
  } catch (error) {
    const taken = systemCodeOf(error) === 'EEXIST'
    const reported = taken ? alreadyThere(item.place, error) : error
    context.report.failed(item.path, { kind: 'content' }, reported)
    return undefined
  }
}

/** Made under a temporary name; what is there goes in the moment in which the new one gets its name. */
async function makeNamed(
  item: SpecialItem,
  directory: Directory,
  context: RestoreContext,
): Promise<Identity> {
  const { name, replaces } = item.naming
  const temporary = directory.at(context.temporaryName())
  make(item.entry, temporary, context)
  try {
    const identity = await finish(item, temporary, context)
    if (replaces) renameSync(temporary, directory.at(name))
    else context.system.renameNoReplace(temporary, directory.at(name))
    return identity
  } catch (error) {
    unlinkSync(temporary)
    throw error
  }
}

function make(entry: SpecialEntry, at: Buffer, { system, attributes }: RestoreContext): void {
  if (isDevice(entry) && !attributes.privileged) throw withheld('Devices are')
  if (entry.type === 'symlink') {
    symlinkSync(bufferOf(entry.target), at)
    return
  }
  const node = 'device' in entry ? { kind: entry.type, device: entry.device } : { kind: entry.type }
  system.makeNode(at, 0o600, node)
}

const finish = (
  { path, entry }: SpecialItem,
  at: Buffer,
  context: RestoreContext,
): Promise<Identity> =>
  withHeldNode(at, { type: typeBits[entry.type], system: context.system }, async (held) => {
    await applyAttributes({ path, entry, held }, context)
    const { dev, ino } = held.facts
    return { dev, ino }
  })

const typeBits: Readonly<Record<SpecialEntry['type'], number>> = {
  symlink: constants.S_IFLNK,
  fifo: constants.S_IFIFO,
  socket: constants.S_IFSOCK,
  block: constants.S_IFBLK,
  char: constants.S_IFCHR,
}
