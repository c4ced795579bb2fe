/**
 * Gives a file its attributes, in the order that keeps each: the owner first (it clears setuid and capabilities), then
 * attributes while the owner may still write, the mode, ACLs (they agree with the mode), and the times last.
 */

import { systemCodeOf } from '../../base/errors.ts'
import { equalBytes, utf8 } from '../../base/bytes.ts'
import type { Attribute, Entry } from '../../model/entry.ts'
import { isAclTwin } from '../source/acl-twins.ts'
import type { AttributeContext, RestoredAttributes } from './context.ts'
import { isCapability, lendingBits, notLent, withheld } from './privileges.ts'
import type { FailedPart } from './report.ts'
import type { Held } from './target/held.ts'
import type { Directory, Place } from './target/target.ts'
import type { SystemCalls } from '../system/system-calls.ts'

/** Something that was just made. */
export interface Subject {
  /** In the point, for the report. */
  readonly path: Place
  readonly entry: Entry
  readonly held: Held
  /** Where it was made; of a directory itself nothing is known. */
  readonly directory?: Directory
}

/** What can not be applied is reported, and the rest goes on. */
export async function applyAttributes(subject: Subject, context: AttributeContext): Promise<void> {
  const { entry, held } = subject
  const attempt = async (part: FailedPart, work: () => Promise<void> | void) => {
    try {
      await work()
    } catch (error) {
      context.report.failed(subject.path, part, error)
    }
  }
  const set = (attribute: Attribute) =>
    attempt({ kind: 'xattr', name: attribute.name }, async () => {
      if (isCapability(attribute.name) && !context.attributes.privileged) {
        throw withheld('Capabilities are')
      }
      const value = await context.tree.attribute(attribute)
      held.calls.setXattr(held.at, attribute.name, value)
    })
  const xattrs = wantedXattrs(entry, context.attributes)
  const owner = { kept: !context.attributes.owner }
  if (context.attributes.owner) {
    await attempt({ kind: 'owner' }, () => {
      owner.kept = !giveAway(subject, context)
    })
  }
  if (owner.kept && context.attributes.owner) context.report.keptOwner(subject.path)
  for (const attribute of xattrs) if (!isAcl(attribute.name)) await set(attribute)
  await attempt({ kind: 'mode' }, () => setMode(subject, owner.kept, context.attributes))
  if (entry.type !== 'symlink' && mayInherit(subject, context)) dropInheritedAcls(subject)
  for (const attribute of xattrs) if (isAcl(attribute.name)) await set(attribute)
  await attempt({ kind: 'times' }, () => {
    held.calls.setTimes(held.at, context.nowNs, entry.mtimeNs)
  })
}

/** False when the owner stays who restores: giving files away is root's privilege. */
function giveAway(
  { entry, held }: Subject,
  { attributes: { ownerOf }, ownUser: own }: AttributeContext,
): boolean {
  if (own === undefined || entry.uid === undefined || entry.gid === undefined) return true
  const { uid, gid } = ownerOf(entry.uid, entry.gid)
  try {
    held.chown(uid, gid)
    return true
  } catch (error) {
    if (own === 0 || systemCodeOf(error) !== 'EPERM') throw error
  }
  try {
    held.chown(own, gid)
  } catch (error) {
    if (systemCodeOf(error) !== 'EPERM') throw error
  }
  return false
}

/** @throws BackupError `privilege-withheld` once the other bits are set */
function setMode(
  { entry, held }: Subject,
  ownerKept: boolean,
  { privileged }: RestoredAttributes,
): void {
  if (entry.mode === undefined || held.chmod === undefined) return
  const lending = lendingBits(entry)
  if (lending === 0 || (privileged && !ownerKept)) {
    held.chmod(entry.mode)
    return
  }
  held.chmod(entry.mode & ~lending)
  throw ownerKept ? notLent() : withheld('setuid and setgid are')
}

const defaultAclName = utf8('system.posix_acl_default')
const aclNames = [utf8('system.posix_acl_access'), defaultAclName]

export function wantedXattrs(
  { xattrs: all = [] }: Entry,
  { acls, xattrs }: Pick<RestoredAttributes, 'acls' | 'xattrs'>,
): readonly Attribute[] {
  const names = all.map(({ name }) => name)
  return all.filter(({ name }) => (isAcl(name) ? acls : xattrs) && !isAclTwin(name, names))
}

export const isAcl = (name: Uint8Array): boolean => aclNames.some((acl) => equalBytes(acl, name))

const givesAcls = new WeakMap<Directory, boolean>()

/** Whether there can be an ACL that the directory gave: looked up once as long as it is open. */
function mayInherit({ directory }: Subject, { system }: AttributeContext): boolean {
  if (directory === undefined) return true
  const known = givesAcls.get(directory)
  if (known !== undefined) return known
  const gives = hasDefaultAcl(directory, system)
  givesAcls.set(directory, gives)
  return gives
}

function hasDefaultAcl({ self }: Directory, system: SystemCalls): boolean {
  try {
    return system.listXattrs(self).some((name) => equalBytes(name, defaultAclName))
  } catch {
    return true
  }
}

/** A directory with a default ACL gives it to what is made in it. */
function dropInheritedAcls({ held, entry }: Subject): void {
  const { calls, at } = held
  if (!calls.hasXattrs) return
  const kept = entry.xattrs ?? []
  try {
    for (const name of calls.listXattrs(at)) {
      if (!isAcl(name) || kept.some((attribute) => equalBytes(attribute.name, name))) continue
      calls.removeXattr(at, name)
    }
  } catch {
    // A file system that can not list attributes has inherited none.
  }
}
