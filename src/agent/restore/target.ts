/**
 * The directory that a restore writes beneath. Nothing outside of it is ever reached, whatever links lie or are planted
 * there: on Linux each directory is opened from its parent without following links and names are used through the open
 * directory; elsewhere the whole chain of parents is looked at before each use.
 */

import { constants } from 'node:fs'
import { lstat, mkdir, open, readdir, realpath, type FileHandle } from 'node:fs/promises'
import { BackupError, systemCodeOf } from '../../base/errors.ts'
import { concatBytes, toHex, utf8 } from '../../base/bytes.ts'
import { isEntryName } from '../../model/entry.ts'

/** Names from the target's directory down; the target itself is the empty list. */
export type Place = readonly Uint8Array[]

/** An open directory below the target. */
export interface Directory {
  /** Where a name of this directory can be reached; good only while the directory is lent. The last component may be a link. */
  at(name: Uint8Array): Buffer
  /** The directory itself. */
  readonly self: Buffer
}

export interface Target {
  readonly path: string
  /**
   * Lends a directory below the target.
   * @throws BackupError `target-refused` where a component is no directory (a link to one is none), `not-found` where it is missing
   */
  withDirectory<T>(place: Place, use: (directory: Directory) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/**
 * Opens the target; the path that the user gave may lead through links.
 * @throws BackupError `target-refused` for what is no directory, `file-unwritable` where it can not be made
 */
export async function openTarget(path: string): Promise<Target> {
  await makeTarget(path)
  return process.platform === 'linux' ? openHandles(path) : openChecked(path)
}

/** Whether anything lies in the directory; false where there is none. */
export async function isOccupied(path: string): Promise<boolean> {
  try {
    return (await readdir(path)).length > 0
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return false
    throw refusedTarget(path, error)
  }
}

async function makeTarget(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true })
  } catch (error) {
    throw refusedTarget(path, error)
  }
}

function refusedTarget(path: string, error: unknown): BackupError {
  const code = systemCodeOf(error)
  if (code === 'EEXIST' || code === 'ENOTDIR') {
    return new BackupError('target-refused', `Cannot restore to ${path}: it is no directory.`, {
      hint: 'Name a directory, or one that does not exist yet.',
      cause: error,
    })
  }
  return new BackupError(
    'file-unwritable',
    `Cannot restore to ${path}: ${code ?? String(error)}.`,
    {
      cause: error,
    },
  )
}

/** Of flags to open with: a link under the name is an error. Windows has no such flag. */
export const noFollow: number = process.platform === 'win32' ? 0 : constants.O_NOFOLLOW

/** A place for people: names that are not UTF-8 come out with replacement characters. */
export const placeText = (place: Place): string =>
  place.map((name) => Buffer.from(name).toString('utf8')).join('/')

const slash = utf8('/')

interface Held {
  readonly handle: FileHandle
  users: number
  /** Out of the cache: closed by its last user. */
  dropped: boolean
}

/** At most this many directories stay open between uses. */
const keptHandles = 64

async function openHandles(path: string): Promise<Target> {
  const root = await open(path, constants.O_RDONLY | constants.O_DIRECTORY).catch(
    (error: unknown) => {
      throw refusedTarget(path, error)
    },
  )
  const held = new Map<string, Held>()

  const drop = async (key: string, entry: Held) => {
    held.delete(key)
    entry.dropped = true
    if (entry.users === 0) await entry.handle.close()
  }
  const trim = async () => {
    for (const [key, entry] of held) {
      if (held.size <= keptHandles) return
      await drop(key, entry)
    }
  }
  const release = async (entry: Held) => {
    entry.users--
    if (entry.dropped && entry.users === 0) await entry.handle.close()
  }
  /** Lends the deepest open directory of the place, then steps down from it. */
  const borrow = async (place: Place): Promise<Held> => {
    let depth = place.length
    let entry: Held | undefined
    for (; depth > 0 && entry === undefined; depth--) entry = held.get(keyOf(place, depth))
    if (entry !== undefined) depth++
    entry ??= { handle: root, users: 1, dropped: false }
    entry.users++
    for (; depth < place.length; depth++) {
      const parent: Held = entry
      try {
        entry = await stepDown(parent.handle, place, depth)
      } finally {
        await release(parent)
      }
      const key = keyOf(place, depth + 1)
      const other = held.get(key)
      if (other === undefined) held.set(key, entry)
      else entry.dropped = true
    }
    return entry
  }
  return {
    path,
    withDirectory: async (place, use) => {
      const entry = await borrow(place)
      try {
        return await use(throughHandle(entry.handle.fd))
      } finally {
        await release(entry)
        await trim()
      }
    },
    close: async () => {
      for (const [key, entry] of held) await drop(key, entry)
      await root.close()
    },
  }
}

async function stepDown(parent: FileHandle, place: Place, depth: number): Promise<Held> {
  const name = place[depth] ?? new Uint8Array(0)
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW
  try {
    const handle = await open(throughHandle(parent.fd).at(name), flags)
    return { handle, users: 1, dropped: false }
  } catch (error) {
    throw notADirectory(place.slice(0, depth + 1), error)
  }
}

function throughHandle(fd: number): Directory {
  const self = Buffer.from(`/proc/self/fd/${fd}/.`)
  return {
    self,
    at: (name) => Buffer.concat([self.subarray(0, -1), checkedName(name)]),
  }
}

function openChecked(path: string): Promise<Target> {
  const directoryPath = (root: Uint8Array, place: Place) =>
    Buffer.from(concatBytes(root, ...place.flatMap((name) => [slash, checkedName(name)])))
  return realpath(path).then((real) => ({
    path,
    withDirectory: async (place, use) => {
      const root = utf8(real)
      for (let depth = 1; depth <= place.length; depth++) {
        await checkDirectory(directoryPath(root, place.slice(0, depth)), place.slice(0, depth))
      }
      const self = directoryPath(root, place)
      return use({ self, at: (name) => Buffer.concat([self, slash, checkedName(name)]) })
    },
    close: () => Promise.resolve(),
  }))
}

async function checkDirectory(path: Buffer, place: Place): Promise<void> {
  let isDirectory: boolean
  try {
    isDirectory = (await lstat(path)).isDirectory()
  } catch (error) {
    throw notADirectory(place, error)
  }
  if (!isDirectory) throw notADirectory(place, undefined)
}

function notADirectory(place: Place, error: unknown): BackupError {
  const code = systemCodeOf(error)
  if (code === 'ENOENT') {
    return new BackupError(
      'not-found',
      `There is no directory ${placeText(place)} below the target.`,
      {
        cause: error,
      },
    )
  }
  const isLinkOrFile = code === 'ELOOP' || code === 'ENOTDIR' || error === undefined
  const why = isLinkOrFile
    ? 'it is a link or a file, no directory'
    : (code ?? 'it can not be opened')
  return new BackupError('target-refused', `Will not write below ${placeText(place)}: ${why}.`, {
    hint: 'A restore never follows links that lie in its target.',
    cause: error,
  })
}

function checkedName(name: Uint8Array): Uint8Array {
  if (isUsableName(name)) return name
  throw new BackupError(
    'target-refused',
    `A name in the point can not be a file's name: ${toHex(name)}.`,
  )
}

/** On Windows a name could otherwise lead elsewhere: to a stream, a device, or through a separator. */
const isUsableName = (name: Uint8Array): boolean =>
  isEntryName(name) &&
  (process.platform !== 'win32' || !/[\\:*?"<>|\p{Cc}]|[. ]$/u.test(Buffer.from(name).toString()))

function keyOf(place: Place, depth: number): string {
  return Buffer.concat(place.slice(0, depth).flatMap((name) => [slash, name])).toString('latin1')
}
