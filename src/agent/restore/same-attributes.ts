/** Whether what is there has the attributes that a restore would give it: else to overwrite it is to make it anew. */

import type { BigIntStats } from 'node:fs'
import { equalBytes } from '../../base/bytes.ts'
import { systemCodeOf } from '../../base/errors.ts'
import type { Attribute } from '../../model/entry.ts'
import { isAcl, wantedXattrs } from './attributes.ts'
import type { RestoreContext, RestoredAttributes } from './context.ts'
import type { LeafEntry } from './plan.ts'
import { isCapability, lendingBits } from './privileges.ts'

export async function hasAttributes(
  entry: LeafEntry,
  { at, facts }: { readonly at: Buffer; readonly facts: BigIntStats },
  { attributes, system, tree }: RestoreContext,
): Promise<boolean> {
  const isGiven = attributes.owner && process.geteuid?.() === 0
  if (isGiven && !hasOwner(entry, facts, attributes)) return false
  if (!hasMode(entry, facts, attributes.privileged && isGiven)) return false
  if (!system.hasXattrs) return true
  const wanted = wantedXattrs(entry, attributes).filter(
    ({ name }) => attributes.privileged || !isCapability(name),
  )
  try {
    for (const attribute of wanted) {
      const value = await tree.attribute(attribute)
      if (!equalBytes(system.getXattr(at, attribute.name), value)) return false
    }
    return !attributes.acls || hasNoOtherAcl(system.listXattrs(at), wanted)
  } catch (error) {
    const code = systemCodeOf(error)
    if (code === 'ENODATA') return false
    if (code === 'ENOTSUP' || code === 'EPERM' || code === 'EACCES') return true
    throw error
  }
}

function hasOwner(
  { uid, gid }: LeafEntry,
  facts: BigIntStats,
  { ownerOf }: RestoredAttributes,
): boolean {
  if (uid === undefined || gid === undefined) return true
  const owner = ownerOf(uid, gid)
  return facts.uid === BigInt(owner.uid) && facts.gid === BigInt(owner.gid)
}

function hasMode(entry: LeafEntry, facts: BigIntStats, lends: boolean): boolean {
  if (entry.mode === undefined || entry.type === 'symlink') return true
  const mode = lends ? entry.mode : entry.mode & ~lendingBits(entry)
  return (facts.mode & 0o7777n) === BigInt(mode)
}

const hasNoOtherAcl = (names: readonly Uint8Array[], wanted: readonly Attribute[]): boolean =>
  names.every((name) => !isAcl(name) || wanted.some((each) => equalBytes(each.name, name)))
