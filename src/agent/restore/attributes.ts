/**
 * Gives a file its attributes, in the order that keeps each: the owner first (it clears setuid and capabilities), then
 * attributes while the owner may still write, the mode, ACLs (they agree with the mode), and the times last.
 */

import { systemCodeOf } from '../../base/errors.ts'
import { equalBytes, utf8 } from '../../base/bytes.ts'
import type { Attribute, Entry } from '../../model/entry.ts'
import type { RestoreContext, RestoredAttributes } from './context.ts'
import type { FailedPart } from './report.ts'
import type { Place } from './target/target.ts'

/** Something that was just made. */
export interface Subject {
  /** In the point, for the report. */
  readonly path: Place
  readonly entry: Entry
  /** Where it lies now; a link there is not followed. */
  readonly at: Buffer
  readonly chown: (uid: number, gid: number) => void
  /** Absent for links, which have no mode. */
  readonly chmod?: (mode: number) => void
}

/** What can not be applied is reported, and the rest goes on. */
export async function applyAttributes(subject: Subject, context: RestoreContext): Promise<void> {
  const attempt = async (part: FailedPart, work: () => Promise<void> | void) => {
    try {
      await work()
    } catch (error) {
      context.report.failed(subject.path, part, error)
    }
  }
  const set = (attribute: Attribute) =>
    attempt({ kind: 'xattr', name: attribute.name }, async () => {
      const value = await context.tree.attribute(attribute)
      context.system.setXattr(subject.at, attribute.name, value)
    })
  const { entry } = subject
  const xattrs = (entry.xattrs ?? []).filter(({ name }) => isWanted(name, context.attributes))
  const owner = { kept: !context.attributes.owner }
  if (context.attributes.owner) {
    await attempt({ kind: 'owner' }, () => {
      owner.kept = !giveAway(subject, context.attributes)
    })
  }
  if (owner.kept && context.attributes.owner) context.report.keptOwner()
  for (const attribute of xattrs) if (!isAcl(attribute.name)) await set(attribute)
  await attempt({ kind: 'mode' }, () => setMode(subject, owner.kept))
  if (entry.type !== 'symlink') dropInheritedAcls(subject, context)
  for (const attribute of xattrs) if (isAcl(attribute.name)) await set(attribute)
  await attempt({ kind: 'times' }, () => {
    context.system.setTimes(subject.at, context.nowNs, entry.mtimeNs)
  })
}

/** False when the owner stays who restores: giving files away is root's privilege. */
function giveAway({ entry, chown }: Subject, { ownerOf }: RestoredAttributes): boolean {
  const own = process.geteuid?.()
  if (own === undefined || entry.uid === undefined || entry.gid === undefined) return true
  const { uid, gid } = ownerOf(entry.uid, entry.gid)
  try {
    chown(uid, gid)
    return true
  } catch (error) {
    if (own === 0 || systemCodeOf(error) !== 'EPERM') throw error
  }
  try {
    chown(own, gid)
  } catch (error) {
    if (systemCodeOf(error) !== 'EPERM') throw error
  }
  return false
}

/** Whoever restores must not lend his own rights to a program that had the rights of another. */
function setMode({ entry, chmod }: Subject, ownerKept: boolean): void {
  if (entry.mode === undefined || chmod === undefined) return
  chmod(ownerKept && entry.type !== 'directory' ? entry.mode & ~0o6000 : entry.mode)
}

const aclNames = [utf8('system.posix_acl_access'), utf8('system.posix_acl_default')]

const isWanted = (name: Uint8Array, { acls, xattrs }: RestoredAttributes): boolean =>
  isAcl(name) ? acls : xattrs

const isAcl = (name: Uint8Array): boolean => aclNames.some((acl) => equalBytes(acl, name))

/** A directory with a default ACL gives it to what is made in it. */
function dropInheritedAcls({ at, entry }: Subject, { system }: RestoreContext): void {
  if (!system.hasXattrs) return
  const kept = entry.xattrs ?? []
  try {
    for (const name of system.listXattrs(at)) {
      if (!isAcl(name) || kept.some((attribute) => equalBytes(attribute.name, name))) continue
      system.removeXattr(at, name)
    }
  } catch {
    // A file system that can not list attributes has inherited none.
  }
}
