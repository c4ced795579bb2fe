/**
 * What a restore is going to make, in order: a directory, what lies in it, and its end, when its own attributes are set.
 * The plan is read from the point as it goes, so that it takes no more room for a large point than for a small one.
 */

import { BackupError } from '../../base/errors.ts'
import { compareBytes, toHex } from '../../base/bytes.ts'
import type { DirectoryEntry, Entry } from '../../model/entry.ts'
import { notFoundHint } from '../../model/path-text.ts'
import { isPlaceFailure } from '../../repository/place-failure.ts'
import type { TreeReader } from '../../repository/tree-reader.ts'
import { buildSelection, type SelectionNode } from '../backup/selection.ts'
import { placeText, type Place } from './target/target.ts'

/** A point that can be read. */
export interface ReadablePoint {
  readonly root: DirectoryEntry
  /** What the source included: places from the root on. */
  readonly include: readonly Place[]
  readonly tree: TreeReader
}

export interface RestoreRequest {
  /** Places in the point; none means everything. */
  readonly paths: readonly Place[]
  /** The contents of the paths (without any: of the include paths) go straight into the target. */
  readonly strip: boolean
}

export type LeafEntry = Exclude<Entry, DirectoryEntry>

interface Places {
  /** In the point. */
  readonly path: Place
  /** Below the target. */
  readonly place: Place
}

export interface DirectoryItem extends Places {
  readonly kind: 'directory'
  readonly entry: DirectoryEntry
  /** It only leads to what was asked for: where it exists, it stays as it is. */
  readonly way: boolean
}

export interface EndItem extends Omit<DirectoryItem, 'kind'> {
  readonly kind: 'end'
}

export interface LeafItem extends Places {
  readonly kind: 'leaf'
  readonly entry: LeafEntry
  /** The mount point of the backed-up machine that it lay on: inode numbers are good below one. */
  readonly mount: string
}

/** A directory that could not be read to its end. */
export interface UnreadableItem extends Places {
  readonly kind: 'unreadable'
  readonly error: unknown
}

export type PlanItem = DirectoryItem | EndItem | LeafItem | UnreadableItem

export interface WalkOptions {
  readonly signal?: AbortSignal | undefined
  /** Whether to go on below this directory; asked after it was handed out. Left out directories have no end. */
  readonly enter?: ((place: Place) => boolean | Promise<boolean>) | undefined
}

export interface RestorePlan {
  items(options?: WalkOptions): AsyncGenerator<PlanItem, void, undefined>
}

/**
 * @throws BackupError `not-found` for a path that is not in the point, `target-refused` where the contents of several
 *   stripped paths would meet under one name
 */
export async function planRestore(
  point: ReadablePoint,
  request: RestoreRequest,
): Promise<RestorePlan> {
  for (const path of request.paths) await findPath(point, path)
  const starts = request.strip ? await strippedStarts(point, request) : [fullStart(point, request)]
  return {
    items: async function* (options = {}) {
      for (const start of starts) yield* walk(point.tree, start, options)
    },
  }
}

/** An entry that is handed out next. */
interface Step extends Places {
  readonly entry: Entry
  /** What is asked for from here on; undefined: everything. */
  readonly node: SelectionNode | undefined
  readonly mount: string
}

interface Start extends Step {
  /** Also what no include path leads to. */
  readonly everything: boolean
  /** Nothing else is put into the same place of the target. */
  readonly alone: boolean
}

async function findPath(point: ReadablePoint, path: Place): Promise<Entry> {
  const entry = await point.tree.find(point.root, path)
  if (entry !== undefined) return entry
  throw new BackupError('not-found', `The recovery point holds no /${placeText(path)}.`, {
    hint: notFoundHint(placeText(path), 'List what it holds with: backup ls POINT [PATH]'),
  })
}

function fullStart(point: ReadablePoint, request: RestoreRequest): Start {
  const everything = request.paths.length === 0
  const node = buildSelection(everything ? point.include : request.paths)
  return { entry: point.root, path: [], place: [], node, mount: '', everything, alone: true }
}

async function strippedStarts(
  point: ReadablePoint,
  request: RestoreRequest,
): Promise<readonly Start[]> {
  const paths = request.paths.length > 0 ? request.paths : await present(point, point.include)
  const outermost = wholePlaces(buildSelection(paths))
  const alone = outermost.length === 1
  const starts: Start[] = []
  for (const path of outermost) {
    const entry = await findPath(point, path)
    const place = entry.type === 'directory' ? [] : [entry.name]
    const mount = await mountOf(point, path)
    starts.push({ entry, path, place, node: undefined, mount, everything: false, alone })
  }
  if (!alone) await refuseMeetings(point.tree, starts)
  return starts
}

/** Include paths that were missing when the backup was made are not in the point. */
async function present(point: ReadablePoint, paths: readonly Place[]): Promise<Place[]> {
  const found: Place[] = []
  for (const path of paths) {
    if ((await point.tree.find(point.root, path)) !== undefined) found.push(path)
  }
  return found
}

/** A path below another one adds nothing. */
function wholePlaces(root: SelectionNode): Place[] {
  const whole: Place[] = []
  const waiting: { readonly node: SelectionNode; readonly place: Place }[] = [
    { node: root, place: [] },
  ]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, place } = next
    if (node.whole) whole.push(place)
    const below = node.children.map((child) => ({ node: child, place: [...place, child.name] }))
    waiting.push(...below.reverse())
  }
  return whole
}

/** The deepest mount point above the path. */
async function mountOf(point: ReadablePoint, path: Place): Promise<string> {
  let deepest = 0
  let entry: Entry | undefined = point.root
  for (let depth = 1; depth < path.length && entry?.type === 'directory'; depth++) {
    entry = await point.tree.find(entry, path.slice(depth - 1, depth))
    if (entry?.flags.mountPoint === true) deepest = depth
  }
  return placeKey(path.slice(0, deepest))
}

const placeKey = (place: Place): string => place.map(toHex).join('/')

async function refuseMeetings(tree: TreeReader, starts: readonly Start[]): Promise<void> {
  const seen = new Set<string>()
  const add = (name: Uint8Array) => {
    const key = toHex(name)
    if (seen.has(key)) {
      const text = placeText([name])
      throw new BackupError('target-refused', `Several of the paths hold a ${text}.`, {
        hint: 'Restore them one after the other to different directories, or without --strip.',
      })
    }
    seen.add(key)
  }
  for (const { entry } of starts) {
    if (entry.type !== 'directory') add(entry.name)
    else for await (const child of tree.entries(entry)) add(child.name)
  }
}

/** A directory whose entries are being handed out. */
interface Frame extends Step {
  readonly entry: DirectoryEntry
  readonly way: boolean
  readonly entries: AsyncGenerator<Entry, void, undefined>
}

/** Without recursion: directories may lie thousands of levels deep. */
async function* walk(
  tree: TreeReader,
  start: Start,
  options: WalkOptions,
): AsyncGenerator<PlanItem, void, undefined> {
  const frames: Frame[] = []
  let step: Step | undefined = start
  for (;;) {
    options.signal?.throwIfAborted()
    if (step !== undefined) {
      const item = itemOf(step, start)
      yield item
      if (item.kind === 'directory' && ((await options.enter?.(item.place)) ?? true)) {
        frames.push(openFrame(tree, step, item))
      }
    }
    const frame = frames.at(-1)
    if (frame === undefined) return
    const next = await nextStep(frame, start)
    step = next.step
    if (step !== undefined) continue
    frames.pop()
    if (next.error !== undefined)
      yield { ...placesOf(frame), kind: 'unreadable', error: next.error }
    yield { ...placesOf(frame), kind: 'end', entry: frame.entry, way: frame.way }
  }
}

const placesOf = ({ place, path }: Step) => ({ place, path })

function itemOf(step: Step, start: Start): DirectoryItem | LeafItem {
  const { entry, mount } = step
  if (entry.type !== 'directory') return { ...placesOf(step), kind: 'leaf', entry, mount }
  const way = step.node?.whole === false || (step === start && !start.alone)
  return { ...placesOf(step), kind: 'directory', entry, way }
}

function openFrame(tree: TreeReader, step: Step, { entry, way }: DirectoryItem): Frame {
  const mount = entry.flags.mountPoint ? placeKey(step.path) : step.mount
  return { ...step, entry, way, mount, entries: tree.entries(entry) }
}

/** The next entry of the frame that is asked for; neither step nor error at its end. */
async function nextStep(frame: Frame, start: Start): Promise<{ step?: Step; error?: unknown }> {
  try {
    for (;;) {
      const result = await frame.entries.next()
      if (result.done === true) return {}
      const step = stepInto(frame, result.value, start)
      if (step !== undefined) return { step }
    }
  } catch (error) {
    if (!isPlaceFailure(error)) throw error
    return { error }
  }
}

function stepInto(frame: Frame, entry: Entry, start: Start): Step | undefined {
  const { mount } = frame
  const path = [...frame.path, entry.name]
  const place = [...frame.place, entry.name]
  if (frame.node?.whole !== false) return { entry, path, place, node: undefined, mount }
  const node = childNamed(frame.node, entry.name)
  if (node === undefined && !start.everything) return undefined
  return { entry, path, place, node, mount }
}

/** By halves: thousands of paths may lie in one directory. */
function childNamed({ children }: SelectionNode, name: Uint8Array): SelectionNode | undefined {
  let [from, to] = [0, children.length]
  while (from < to) {
    const middle = (from + to) >> 1
    const child = children[middle]
    if (child === undefined) return undefined
    const order = compareBytes(child.name, name)
    if (order === 0) return child
    if (order < 0) from = middle + 1
    else to = middle
  }
  return undefined
}
