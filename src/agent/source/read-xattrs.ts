/** Reads the extended attributes of a file or link, POSIX ACLs among them: of that very file, whatever its name is given to meanwhile. */

import { closeSync, constants, fstatSync, openSync, type BigIntStats } from 'node:fs'
import { compareBytes, emptyBytes } from '../../base/bytes.ts'
import { BackupError, systemCodeOf } from '../../base/errors.ts'
import { systemCalls } from '../system/open.ts'
import type { SystemCalls } from '../system/system-calls.ts'
import { isAclTwin } from './acl-twins.ts'
import { factsOf, lstatExact, type FileFacts } from './facts.ts'
import { reaching } from './reach.ts'

export interface XattrListing {
  /** Ascending by name bytes. */
  readonly xattrs: readonly { readonly name: Uint8Array; readonly value: Uint8Array }[]
  /** Attributes that could not be read; the name is empty where they could not even be listed. */
  readonly failures: readonly { readonly name: Uint8Array; readonly error: unknown }[]
}

const nothing: XattrListing = { xattrs: [], failures: [] }

interface Reads {
  readonly list: () => readonly Uint8Array[]
  readonly get: (name: Uint8Array) => Uint8Array
}

/** Of what bears the name. Never throws a system's error: a file without its attributes is still worth having. */
export const readXattrs = (path: Uint8Array, system: SystemCalls = systemCalls()): XattrListing =>
  readAll({
    list: () => system.listXattrs(path),
    get: (name) => system.getXattr(path, name),
  })

/** Of an open file. */
export function readXattrsOfOpen(fd: number, { ofOpen } = systemCalls()): XattrListing {
  if (ofOpen === undefined) return nothing
  return readAll({
    list: () => ofOpen.listXattrs(fd),
    get: (name) => ofOpen.getXattr(fd, name),
  })
}

/** Of what `facts` tell about: where something else has its name by now, that is a failure. */
export function readXattrsAt(path: Uint8Array, facts: FileFacts): XattrListing {
  const system = systemCalls()
  try {
    return reaching(path, (reachable) =>
      system.following === undefined
        ? readBetweenLooks(reachable, facts, system)
        : readHeld(reachable, facts, { ...system, ...system.following }),
    )
  } catch (error) {
    return failed(error)
  }
}

/** Linux's O_PATH: holds a link, FIFO or device too, and opens none. */
const openPath = 0o10000000

function readHeld(path: Buffer, facts: FileFacts, following: SystemCalls): XattrListing {
  const fd = openSync(path, openPath | constants.O_NOFOLLOW)
  try {
    const stats: BigIntStats = fstatSync(fd, { bigint: true })
    if (!isSameFile(factsOf(stats), facts)) return failed(replaced())
    return readXattrs(Buffer.from(`/proc/self/fd/${fd}`), following)
  } finally {
    closeSync(fd)
  }
}

/** The look before is that of `facts`. */
function readBetweenLooks(path: Buffer, facts: FileFacts, system: SystemCalls): XattrListing {
  const listing = readXattrs(path, system)
  return isSameFile(lstatExact(path), facts) ? listing : failed(replaced())
}

const isSameFile = (a: FileFacts, b: FileFacts): boolean =>
  a.inode === b.inode && a.deviceId === b.deviceId && a.kind === b.kind

const failed = (error: unknown): XattrListing => ({
  xattrs: [],
  failures: [{ name: emptyBytes, error }],
})

const replaced = (): BackupError =>
  new BackupError('file-unreadable', 'Its name was given to something else meanwhile.')

function readAll({ list, get }: Reads): XattrListing {
  let names: readonly Uint8Array[]
  try {
    names = list()
  } catch (error) {
    return failed(error)
  }
  return names.length === 0 ? nothing : readValues(names, get)
}

function readValues(names: readonly Uint8Array[], get: Reads['get']): XattrListing {
  const xattrs: { name: Uint8Array; value: Uint8Array }[] = []
  const failures: { name: Uint8Array; error: unknown }[] = []
  for (const name of [...names].sort(compareBytes)) {
    if (isAclTwin(name, names)) continue
    try {
      xattrs.push({ name, value: get(name) })
    } catch (error) {
      // Removed since it was listed: then the file has no such attribute.
      if (systemCodeOf(error) !== 'ENODATA') failures.push({ name, error })
    }
  }
  return { xattrs, failures }
}
