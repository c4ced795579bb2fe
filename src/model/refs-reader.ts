/** Reads a point's refs and holds their objects to each other: what passes is what `writeRefs` writes (docs/format.md 8). */

import { BackupError } from '../base/errors.ts'
import { equalBytes, toHex } from '../base/bytes.ts'
import { forEachLimited } from '../base/flow.ts'
import { sha256 } from '../base/hash.ts'
import type { ObjectId } from './ids.ts'
import { maxRefsBytes, maxRefsItems } from './limits.ts'
import type { RefsCell, RefsItem, RefsNode, RefsObject, RefsShard } from './refs-object.ts'
import { decodeRefsObject, isUnder, prefixOf } from './refs-object.ts'

/** Gives the bytes of a refs object, or undefined where there is none. Their SHA-256 is checked here. */
export type LoadRefs = (id: ObjectId) => Promise<Uint8Array | undefined>

export interface CheckRefsOptions {
  /** True only where refs that were checked before hold the very same item (`refsItemKey`): its shard is not loaded. */
  readonly known?: ((shard: RefsItem) => boolean) | undefined
  /** Called once for each shard that was loaded, in no certain order. */
  readonly onShard?: ((shard: RefsShard) => void | Promise<void>) | undefined
}

export interface CheckedRefs {
  /** Number of ids in the set. */
  readonly count: number
  /** The root and all other nodes. */
  readonly nodes: readonly ObjectId[]
  /** All shards in order, known ones too. */
  readonly shards: readonly RefsItem[]
  /** Refs objects that are not there. Only where this is empty, everything was checked. */
  readonly missing: readonly ObjectId[]
}

/** Checks refs as a whole. @throws BackupError `malformed` where they are not what their set has to be written as. */
export async function checkRefs(
  root: ObjectId,
  load: LoadRefs,
  options: CheckRefsOptions = {},
): Promise<CheckedRefs> {
  const missing: ObjectId[] = []
  const { nodes, shards } = await loadNodes(root, load, missing)
  const unknown = shards.filter((shard) => options.known?.(shard) !== true)
  await forEachLimited(unknown, loadsAtOnce, async (item) => {
    const shard = await loadShard(item, load)
    if (shard === undefined) missing.push(item.id)
    else await options.onShard?.(shard)
  })
  return { count: countOf(shards), nodes, shards, missing }
}

/** All shards in order of their ids. @throws BackupError `missing-data` where an object is not there. */
export async function* readRefs(
  root: ObjectId,
  load: LoadRefs,
): AsyncGenerator<RefsShard, void, undefined> {
  const missing: ObjectId[] = []
  const { shards } = await loadNodes(root, load, missing)
  for (const id of missing) throw absent(id)
  for (const item of shards) {
    const shard = await loadShard(item, load)
    if (shard === undefined) throw absent(item.id)
    yield shard
  }
}

/** Text that two items share only if they say the same of the same object. */
export const refsItemKey = ({ bits, prefix, id, count }: RefsItem): string =>
  `${bits}/${toHex(prefix)}/${id}/${count}`

const loadsAtOnce = 8

/** Loads all nodes, level by level; absent ones are added to `missing`. */
async function loadNodes(
  rootId: ObjectId,
  load: LoadRefs,
  missing: ObjectId[],
): Promise<{ nodes: ObjectId[]; shards: readonly RefsItem[] }> {
  const root = await loadObject(rootId, load)
  if (root === undefined) {
    missing.push(rootId)
    return { nodes: [], shards: [] }
  }
  if (!isNode(root) || root.bits > 0 || (root.level > 1 && root.items.length < 2)) {
    throw malformed('its root is none')
  }
  const nodes = [rootId]
  let items = root.items
  for (let level = root.level - 1; level > 0; level--) {
    const loaded: RefsNode[] = []
    for (const item of items) {
      const node = await loadNode(item, level, load)
      if (node === undefined) missing.push(item.id)
      else loaded.push(node)
      nodes.push(item.id)
    }
    if (missing.length === 0) checkCells(loaded, (node) => node.items.length)
    items = loaded.flatMap((node) => node.items)
  }
  if (missing.length === 0) checkCells(items, (shard) => shard.count)
  return { nodes, shards: items }
}

async function loadNode(
  item: RefsItem,
  level: number,
  load: LoadRefs,
): Promise<RefsNode | undefined> {
  const node = await loadObject(item.id, load)
  if (node === undefined) return undefined
  if (!isNode(node) || node.level !== level || !isSameCell(node, item))
    throw malformed('a node is another')
  if (countOf(node.items) !== item.count) throw malformed('a number of ids is wrong')
  return node
}

async function loadShard(item: RefsItem, load: LoadRefs): Promise<RefsShard | undefined> {
  const shard = await loadObject(item.id, load)
  if (shard === undefined) return undefined
  if (isNode(shard) || !isSameCell(shard, item)) throw malformed('a shard is another')
  if (shard.ids.length !== item.count) throw malformed('a number of ids is wrong')
  return shard
}

async function loadObject(id: ObjectId, load: LoadRefs): Promise<RefsObject | undefined> {
  const bytes = await load(id)
  if (bytes === undefined) return undefined
  if (bytes.length > maxRefsBytes || toHex(sha256(bytes)) !== id) {
    throw new BackupError('damaged', `The refs object ${id} is damaged.`, { facts: { id } })
  }
  return decodeRefsObject(bytes)
}

/** A cell was split only if it had more than 512 items: the cells next to each other prove it. */
function checkCells<Cell extends RefsCell>(
  cells: readonly Cell[],
  itemsOf: (cell: Cell) => number,
): void {
  cells.forEach((cell, index) => {
    if (cell.bits === 0) return
    const bits = cell.bits - 1
    const parent = { bits, prefix: prefixOf(cell.prefix, bits) }
    if (sumUnder(parent, cells, itemsOf, index) <= maxRefsItems) {
      throw malformed('a cell is split without need')
    }
  })
}

/** Items of the cells around `index` that lie under `parent`; stops where they are more than a cell may have. */
function sumUnder<Cell extends RefsCell>(
  parent: RefsCell,
  cells: readonly Cell[],
  itemsOf: (cell: Cell) => number,
  index: number,
): number {
  let sum = 0
  for (const step of [1, -1]) {
    for (let at = step === 1 ? index : index - 1; sum <= maxRefsItems; at += step) {
      const cell = cells[at]
      if (cell === undefined || !isUnder(cell.prefix, parent)) break
      sum += itemsOf(cell)
    }
  }
  return sum
}

const isNode = (object: RefsObject): object is RefsNode => 'items' in object

const isSameCell = (a: RefsCell, b: RefsCell): boolean =>
  a.bits === b.bits && equalBytes(a.prefix, b.prefix)

const countOf = (items: readonly RefsItem[]): number =>
  items.reduce((sum, item) => sum + item.count, 0)

const absent = (id: ObjectId): BackupError =>
  new BackupError('missing-data', `The refs object ${id} is not there.`, { facts: { id } })

const malformed = (why: string): BackupError =>
  new BackupError('malformed', `Not refs of this format: ${why}.`)
