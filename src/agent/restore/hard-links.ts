/** Names of one file: the first is restored, the others are linked to it (docs/format.md 7.1, key 14). */

import { link, lstat, rename, unlink } from 'node:fs/promises'
import { BackupError } from '../../base/errors.ts'
import { toHex, utf8 } from '../../base/bytes.ts'
import { sha256 } from '../../base/hash.ts'
import type { LeafEntry, LeafItem } from './plan.ts'
import type { RestoreContext } from './context.ts'
import type { Place } from './target/target.ts'

/** Which file it is on disk. */
export interface Identity {
  readonly dev: bigint
  readonly ino: bigint
}

/** The name that is restored first. */
export interface Leader {
  place: Place
  /** Undefined until it has its name. */
  identity: Identity | undefined
}

export interface HardLinks {
  /** `leader`: the first name of its group that comes by. */
  roleOf(item: LeafItem): 'alone' | 'leader' | 'follower'
  /** Makes the item the leader of its group, also where the one before could not be restored or linked to. */
  lead(item: LeafItem): Leader
  leaderOf(item: LeafItem): Leader | undefined
  /** The item was linked; a group of which all names came by is forgotten. */
  linked(item: LeafItem): void
}

export function createHardLinks(): HardLinks {
  const groups = new Map<string, { readonly leader: Leader; expected: number }>()
  return {
    roleOf: (item) => {
      if (item.entry.links === undefined || item.entry.inode === undefined) return 'alone'
      return groups.has(groupKey(item)) ? 'follower' : 'leader'
    },
    lead: (item) => {
      const leader: Leader = { place: item.place.map((name) => name.slice()), identity: undefined }
      groups.set(groupKey(item), { leader, expected: (item.entry.links ?? 1) - 1 })
      return leader
    },
    leaderOf: (item) => groups.get(groupKey(item))?.leader,
    linked: (item) => {
      const group = groups.get(groupKey(item))
      if (group !== undefined && --group.expected <= 0) groups.delete(groupKey(item))
    },
  }
}

/** Entries with the same key are one file: the number alone is not believed. */
const groupKey = ({ mount, entry }: LeafItem): string =>
  `${mount}\n${entry.inode ?? 0n}\n${entry.type}\n${contentKey(entry)}`

function contentKey(entry: LeafEntry): string {
  switch (entry.type) {
    case 'file': {
      const ids = (entry.content ?? []).map((reference) => reference.id)
      const content =
        entry.map?.id ?? (ids.length <= 1 ? ids.join('') : toHex(sha256(utf8(ids.join('')))))
      return `${entry.sizeBytes}\n${content}`
    }
    case 'symlink':
      return toHex(sha256(entry.target))
    case 'block':
    case 'char':
      return `${entry.device.major}:${entry.device.minor}`
    case 'fifo':
    case 'socket':
      return ''
  }
}

export interface LinkOptions extends Pick<RestoreContext, 'target' | 'temporaryName'> {
  /** What bears the name goes. */
  readonly replaces: boolean
}

/**
 * Links a new name to the leader, and looks whether what it got is that very file: the leader's name may have been
 * taken over by something else in the meantime.
 */
export async function linkTo(
  leader: Leader,
  place: Place,
  { target, temporaryName, replaces }: LinkOptions,
): Promise<void> {
  const leaderName = leader.place.at(-1) ?? new Uint8Array(0)
  const name = place.at(-1) ?? new Uint8Array(0)
  await target.withDirectory(leader.place.slice(0, -1), (from) =>
    target.withDirectory(place.slice(0, -1), async (to) => {
      const at = replaces ? to.at(temporaryName()) : to.at(name)
      await link(from.at(leaderName), at)
      const { dev, ino } = await lstat(at, { bigint: true })
      if (dev === leader.identity?.dev && ino === leader.identity.ino) {
        if (replaces) await rename(at, to.at(name))
        return
      }
      await unlink(at)
      throw new BackupError(
        'target-refused',
        'Something else took the place of a file with several names.',
      )
    }),
  )
}
