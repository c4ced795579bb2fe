/**
 * The directory that a restore writes beneath. Nothing outside of it is ever reached, whatever links lie or are planted
 * there: on Linux each directory is opened from its parent without following links and names are used through the open
 * directory; elsewhere the whole chain of parents is looked at before each use.
 */

import { constants } from 'node:fs'
import { lstat, mkdir, open, readdir, realpath, type FileHandle } from 'node:fs/promises'
import { BackupError, systemCodeOf } from '../../base/errors.ts'
import { bufferOf, concatBytes, toHex, utf8 } from '../../base/bytes.ts'
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

/** A directory below the target that is or was open; the tree of them mirrors the directories. */
interface Node {
  readonly parent: Node | undefined
  readonly name: Uint8Array
  readonly children: Map<string, Node>
  handle: Promise<FileHandle> | undefined
  users: number
}

const newNode = (parent: Node | undefined, name: Uint8Array): Node => ({
  parent,
  name,
  children: new Map(),
  handle: undefined,
  users: 0,
})

/** At most this many directories stay open between uses. */
const keptHandles = 64

async function openHandles(path: string): Promise<Target> {
  const rootHandle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY).catch(
    (error: unknown) => {
      throw refusedTarget(path, error)
    },
  )
  const root = newNode(undefined, new Uint8Array(0))
  root.handle = Promise.resolve(rootHandle)
  /** Open and unused; the one not used for longest first. */
  const idle = new Set<Node>()

  const close = async (node: Node) => {
    idle.delete(node)
    const closing = node.handle
    node.handle = undefined
    prune(node)
    await (await closing?.catch(() => undefined))?.close()
  }
  const release = async (node: Node) => {
    if (--node.users > 0 || node === root) return
    if (node.handle === undefined) prune(node)
    else idle.add(node)
    for (const oldest of idle) {
      if (idle.size <= keptHandles) return
      await close(oldest)
    }
  }
  /** To be released by the caller, also where it throws. */
  const take = (node: Node, open: () => Promise<FileHandle>): Promise<FileHandle> => {
    idle.delete(node)
    node.users++
    const handle = (node.handle ??= open())
    handle.catch(() => {
      if (node.handle === handle) node.handle = undefined
    })
    return handle
  }
  /** Steps down from the deepest directory on the way that is open. */
  const borrow = async (place: Place): Promise<Node> => {
    const way = wayTo(root, place)
    const last = way.at(-1) ?? root
    // While it is in use, nothing on the way is forgotten.
    last.users++
    let depth = way.findLastIndex((node) => node.handle !== undefined)
    let node = way[depth] ?? root
    try {
      await take(node, () => Promise.resolve(rootHandle))
      while (node !== last) {
        const parent = node
        node = way[++depth] ?? root
        const above = place.slice(0, depth)
        try {
          const parentHandle = (await parent.handle) ?? rootHandle
          await take(node, () => stepDown(parentHandle, above))
        } finally {
          await release(parent)
        }
      }
      return last
    } catch (error) {
      await release(node)
      throw error
    } finally {
      await release(last)
    }
  }
  return {
    path,
    withDirectory: async (place, use) => {
      const node = await borrow(place)
      try {
        const handle = (await node.handle) ?? rootHandle
        return await use(throughHandle(handle.fd))
      } finally {
        await release(node)
      }
    },
    close: async () => {
      for (const node of idle) await close(node)
      await rootHandle.close()
    },
  }
}

/** The nodes from the root to the place, both included. */
function wayTo(root: Node, place: Place): Node[] {
  const way = [root]
  let node = root
  for (const name of place) {
    const key = bufferOf(name).toString('latin1')
    const child = node.children.get(key) ?? newNode(node, name)
    node.children.set(key, child)
    way.push(child)
    node = child
  }
  return way
}

/** Forgets nodes that are of no use any more. */
function prune(node: Node): void {
  for (let at: Node = node; ;) {
    const { parent } = at
    const isUsed = at.handle !== undefined || at.users > 0 || at.children.size > 0
    if (isUsed || parent === undefined) return
    parent.children.delete(bufferOf(at.name).toString('latin1'))
    at = parent
  }
}

async function stepDown(parent: FileHandle, place: Place): Promise<FileHandle> {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW
  const name = place.at(-1) ?? new Uint8Array(0)
  try {
    return await open(throughHandle(parent.fd).at(name), flags)
  } catch (error) {
    throw notADirectory(place, error)
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

/** Something has the name, and is to stay. */
export const alreadyThere = (place: readonly Uint8Array[], cause: unknown): BackupError =>
  new BackupError(
    'already-exists',
    `There is a ${Buffer.from(place.at(-1) ?? []).toString()} in the target already.`,
    { cause },
  )
