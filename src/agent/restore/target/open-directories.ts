/** A target whose directories are held open: names are used through them, so that no link planted meanwhile leads out. Linux. */

import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { bufferOf } from '../../../base/bytes.ts'
import type { NameRules } from './names.ts'
import { checkedName, notADirectory, refusedTarget } from './errors.ts'
import type { Directory, Place, Target } from './target.ts'

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

export async function openHandles(path: string, names: NameRules): Promise<Target> {
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
    ...{ path, names },
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
