/** A target whose directories are held open: names are used through them, so that no link planted meanwhile leads out. Linux. */

import { closeSync, constants, openSync } from 'node:fs'
import { bufferOf } from '../../../base/bytes.ts'
import type { NameRules } from './names.ts'
import { checkedName, notADirectory, refusedTarget } from './errors.ts'
import type { Directory, Place, Target } from './target.ts'

/** A directory below the target that is or was open; the tree of them mirrors the directories. */
interface Node {
  readonly parent: Node | undefined
  readonly name: Uint8Array
  readonly children: Map<string, Node>
  open: OpenDirectory | undefined
  users: number
}

interface OpenDirectory {
  readonly fd: number
  readonly directory: Directory
}

const newNode = (parent: Node | undefined, name: Uint8Array): Node => ({
  parent,
  name,
  children: new Map(),
  open: undefined,
  users: 0,
})

/** At most this many directories stay open between uses. */
const keptOpen = 64

export function openHandles(path: string, names: NameRules): Target {
  const rootOpen = openRoot(path)
  const root = newNode(undefined, new Uint8Array(0))
  root.open = rootOpen
  /** Open and unused; the one not used for longest first. */
  const idle = new Set<Node>()

  const close = (node: Node) => {
    idle.delete(node)
    const closing = node.open
    node.open = undefined
    prune(node)
    if (closing !== undefined) closeSync(closing.fd)
  }
  const release = (node: Node) => {
    if (--node.users > 0 || node === root) return
    if (node.open === undefined) prune(node)
    else idle.add(node)
    for (const oldest of idle) {
      if (idle.size <= keptOpen) return
      close(oldest)
    }
  }
  const hold = (node: Node) => {
    idle.delete(node)
    node.users++
  }
  /** Steps down from the deepest directory on the way that is open; to be released. */
  const borrow = (place: Place): Node => {
    const way = wayTo(root, place)
    const last = way.at(-1) ?? root
    // While it is in use, nothing on the way is forgotten.
    hold(last)
    try {
      let depth = way.findLastIndex((node) => node.open !== undefined)
      let above = way[depth] ?? root
      while (above !== last) {
        const node = way[++depth] ?? root
        const parent = above.open ?? rootOpen
        node.open = openDirectory(stepDown(parent, place.slice(0, depth)))
        if (node !== last) idle.add(node)
        above = node
      }
      return last
    } catch (error) {
      release(last)
      throw error
    }
  }
  return {
    ...{ path, names },
    withDirectory: async (place, use) => {
      const node = borrow(place)
      try {
        return await use((node.open ?? rootOpen).directory)
      } finally {
        release(node)
      }
    },
    close: () => {
      for (const node of idle) close(node)
      closeSync(rootOpen.fd)
      return Promise.resolve()
    },
  }
}

function openRoot(path: string): OpenDirectory {
  try {
    return openDirectory(openSync(path, constants.O_RDONLY | constants.O_DIRECTORY))
  } catch (error) {
    throw refusedTarget(path, error)
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
    const isUsed = at.open !== undefined || at.users > 0 || at.children.size > 0
    if (isUsed || parent === undefined) return
    parent.children.delete(bufferOf(at.name).toString('latin1'))
    at = parent
  }
}

function stepDown(parent: OpenDirectory, place: Place): number {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW
  const name = place.at(-1) ?? new Uint8Array(0)
  try {
    return openSync(parent.directory.at(name), flags)
  } catch (error) {
    throw notADirectory(place, error)
  }
}

/** One object as long as the directory is open: what is learned of it can be kept by it. */
function openDirectory(fd: number): OpenDirectory {
  const self = Buffer.from(`/proc/self/fd/${fd}/.`)
  const at = (name: Uint8Array) => Buffer.concat([self.subarray(0, -1), checkedName(name)])
  return { fd, directory: { self, at } }
}
