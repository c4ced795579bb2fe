/** What differs between two recovery points: their trees walked beside each other, passing over what has the same id. */

import { compareBytes, equalBytes } from '../base/bytes.ts'
import { encodeEntry } from '../model/entry-codec.ts'
import type { DirectoryEntry, Entry } from '../model/entry.ts'
import type { TreeReader } from './tree-reader.ts'

export interface PointDifference {
  /** From the root of the machine on. */
  readonly names: readonly Uint8Array[]
  /** `metadata`: the same content with other attributes or times; `type`: something of another kind. */
  readonly kind: 'added' | 'removed' | 'content' | 'metadata' | 'type'
  readonly before: Entry | undefined
  readonly after: Entry | undefined
}

/** A tree and what reads it. */
export interface PointSide {
  readonly root: DirectoryEntry
  readonly tree: TreeReader
  /** Ids of chunks say something within one repository only: across two, files of the same size and time are the same. */
  readonly repository: number
}

interface Frame {
  readonly names: readonly Uint8Array[]
  readonly pairs: AsyncGenerator<Pair, void, undefined>
}

/** What stands at one name. */
interface Pair {
  readonly before: Entry | undefined
  readonly after: Entry | undefined
}

export async function* comparePoints(
  before: PointSide,
  after: PointSide,
): AsyncGenerator<PointDifference, void, undefined> {
  const open: Frame[] = [{ names: [], pairs: pairsOf(before, after) }]
  for (let frame = open.at(-1); frame !== undefined; frame = open.at(-1)) {
    const next = await frame.pairs.next()
    if (next.done === true) {
      open.pop()
      continue
    }
    const pair = next.value
    const names = [...frame.names, (pair.after ?? pair.before)?.name ?? new Uint8Array(0)]
    const isOneKey = before.repository === after.repository
    const kind = kindOf(isOneKey ? pair : withoutIds(pair))
    if (kind !== undefined) yield { names, kind, ...pair }
    const left = directoryOf(before, pair.before)
    const right = directoryOf(after, pair.after)
    const isSame = left?.root.tree.id === right?.root.tree.id && (isOneKey || left === undefined)
    if (!isSame) open.push({ names, pairs: pairsOf(left, right) })
  }
}

const directoryOf = (side: PointSide, entry: Entry | undefined): PointSide | undefined =>
  entry?.type === 'directory' ? { ...side, root: entry } : undefined

/** Both directories' entries by name; either may be missing. */
async function* pairsOf(
  before: PointSide | undefined,
  after: PointSide | undefined,
): AsyncGenerator<Pair, void, undefined> {
  const left = createCursor(before)
  const right = createCursor(after)
  for (;;) {
    const [a, b] = [await left.peek(), await right.peek()]
    if (a === undefined && b === undefined) return
    const order = a === undefined ? 1 : b === undefined ? -1 : compareBytes(a.name, b.name)
    yield {
      before: order <= 0 ? left.take() : undefined,
      after: order >= 0 ? right.take() : undefined,
    }
  }
}

interface Cursor {
  peek(): Promise<Entry | undefined>
  /** What was looked at last. */
  take(): Entry | undefined
}

function createCursor(side: PointSide | undefined): Cursor {
  const entries = side?.tree.entries(side.root)
  let next: Entry | undefined
  return {
    peek: async () => (next ??= (await entries?.next())?.value ?? undefined),
    take: () => {
      const taken = next
      next = undefined
      return taken
    },
  }
}

function kindOf({ before, after }: Pair): PointDifference['kind'] | undefined {
  if (before === undefined) return 'added'
  if (after === undefined) return 'removed'
  if (before.type !== after.type) return 'type'
  if (!sameContent(before, after)) return 'content'
  return sameAttributes(before, after) ? undefined : 'metadata'
}

/** Of two repositories: what says nothing about the content is made the same on both sides. */
function withoutIds({ before, after }: Pair): Pair {
  if (before === undefined || after === undefined) return { before, after }
  const isSame = before.type === 'file' && after.type === 'file' && isSameFile(before, after)
  const taken = isSame ? { content: after.content, map: after.map } : {}
  return {
    before: { ...before, ...taken, xattrs: inlineOnly(before.xattrs) },
    after: { ...after, xattrs: inlineOnly(after.xattrs) },
  }
}

const inlineOnly = (xattrs: Entry['xattrs']): Entry['xattrs'] =>
  xattrs?.map(({ name, ...held }) => ({ name, value: 'value' in held ? held.value : noBytes }))

const noBytes = new Uint8Array(0)

type File = Extract<Entry, { type: 'file' }>

/** As far as can be told where chunks have other names: of one size, and not written since. */
export const isSameFile = (a: File, b: File): boolean =>
  a.sizeBytes === b.sizeBytes && a.mtimeNs === b.mtimeNs

export function sameContent(a: Entry, b: Entry): boolean {
  if (a.type === 'file' && b.type === 'file') {
    return a.sizeBytes === b.sizeBytes && chunksOf(a) === chunksOf(b)
  }
  if (a.type === 'symlink' && b.type === 'symlink') return equalBytes(a.target, b.target)
  return true
}

const chunksOf = ({ content, map }: Extract<Entry, { type: 'file' }>): string =>
  map?.id ?? (content ?? []).map(({ id }) => id).join()

/** A directory's times change with its entries, and inode numbers with a restore: neither is news. */
function sameAttributes(a: Entry, b: Entry): boolean {
  const bare = (entry: Entry): Entry => {
    const common = { ctimeNs: 0n, btimeNs: undefined, inode: undefined, links: undefined }
    if (entry.type !== 'directory') return { ...entry, ...common }
    return { ...entry, ...common, mtimeNs: 0n, tree: b.type === 'directory' ? b.tree : entry.tree }
  }
  return equalBytes(encodeEntry(bare(a)), encodeEntry(bare(b)))
}
