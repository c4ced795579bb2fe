/** The include paths of a source as one tree from the machine's root: what is whole, and what only leads there. */

import { compareBytes, toHex } from '../../base/bytes.ts'

export interface SelectionNode {
  /** Name of this directory or file; empty for the root. */
  readonly name: Uint8Array
  /** Everything from here on is included. */
  readonly whole: boolean
  /** Ascending by name; empty when `whole`. */
  readonly children: readonly SelectionNode[]
}

interface Draft {
  readonly name: Uint8Array
  whole: boolean
  readonly children: Map<string, Draft>
}

/** `paths`: components from the root on. A path below another included one adds nothing. */
export function buildSelection(paths: readonly (readonly Uint8Array[])[]): SelectionNode {
  const root = draft(new Uint8Array(0))
  for (const path of paths) {
    let node = root
    for (const name of path) node = childOf(node, name)
    node.whole = true
  }
  return finished(root)
}

const draft = (name: Uint8Array): Draft => ({ name, whole: false, children: new Map() })

function childOf(node: Draft, name: Uint8Array): Draft {
  const key = toHex(name)
  const child = node.children.get(key) ?? draft(name)
  node.children.set(key, child)
  return child
}

/** Without recursion: paths may lead thousands of levels deep. */
function finished(root: Draft): SelectionNode {
  const parentsFirst = [root]
  for (const { whole, children } of parentsFirst) {
    if (!whole) parentsFirst.push(...children.values())
  }
  const nodes = new Map<Draft, SelectionNode>()
  for (const node of parentsFirst.reverse()) {
    const { name, whole } = node
    const children = whole
      ? []
      : [...node.children.values()].flatMap((each) => nodes.get(each) ?? [])
    nodes.set(node, {
      name,
      whole,
      children: children.sort((a, b) => compareBytes(a.name, b.name)),
    })
  }
  return nodes.get(root) ?? { name: root.name, whole: root.whole, children: [] }
}
