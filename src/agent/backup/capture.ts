/** What of a file's metadata goes into its entry, and the fingerprint that says so in the manifest. */

import type { EntryBase } from '../../model/entry.ts'
import type { CaptureFingerprint } from '../../model/manifest.ts'
import type { FileFacts } from '../source/facts.ts'
import type { Place, Walk } from './walk-context.ts'

/** Raised whenever entries of the same file would come out otherwise than before. */
const captureVersion = 1

/** Trees are taken over only from a point with the same fingerprint. */
export function captureFingerprint(
  platform: NodeJS.Platform,
  isPrivileged: boolean,
): CaptureFingerprint {
  const kinds = ['birth-time', 'hard-links', 'inode']
  if (platform !== 'win32') kinds.push('mode', 'owner', 'xattrs')
  if (isPrivileged) kinds.push('privileged')
  return { version: captureVersion, kinds: kinds.sort() }
}

export const sameFingerprint = (a: CaptureFingerprint, b: CaptureFingerprint): boolean =>
  a.version === b.version && a.kinds.join() === b.kinds.join()

/** The fields that every kind of entry has. */
export function commonFields(walk: Walk, place: Place, facts: FileFacts): EntryBase {
  const mountPoint = place.parentDevice !== undefined && place.parentDevice !== facts.deviceId
  return {
    name: place.name,
    mtimeNs: facts.mtimeNs,
    ctimeNs: facts.ctimeNs,
    btimeNs: facts.btimeNs,
    mode: facts.mode,
    uid: facts.uid,
    gid: facts.gid,
    inode: walk.lastingInode(facts, place.path),
    links: facts.kind !== 'directory' && facts.links > 1 ? facts.links : undefined,
    flags: { changed: false, stale: false, mountPoint },
  }
}
