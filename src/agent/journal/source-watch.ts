/**
 * Watches the directories of one source. What appears is whole news until all of it is watched: it is marked, watched
 * from above downwards, each directory before its own are listed, and its mark settles then.
 */

import { readdirSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { bufferOf, fromBase64Url, toHex, type RandomBytes } from '../../base/bytes.ts'
import { systemCodeOf } from '../../base/errors.ts'
import { parentPath, rootPath, splitPath } from '../../model/path.ts'
import { ignoreFileName } from '../../policy/ignore-file.ts'
import type { Watermark, WatcherReason } from '../backup/watched.ts'
import { childPlace } from '../backup/child-place.ts'
import { createSelector } from '../backup/selector.ts'
import type { Found, Place } from '../backup/walk-context.ts'
import { cacheTagName } from '../source/cache-directory.ts'
import { lstatExact } from '../source/facts.ts'
import { createMarks, type Marks } from './marks.ts'
import type { WatchedSource } from './messages.ts'
import type { DirectoryWatch, HearChange, WatchDirectory } from './watch-directory.ts'
import { hasWatchableName, isReal, isTelling, isWithin, mountsAround } from './watchable.ts'

export interface SourceWatch {
  readonly source: WatchedSource
  readonly marks: Marks
  /** Of this watch among all that there ever were. */
  readonly id: string
  readonly directoryCount: number
  /** Why it is not watched. */
  readonly refused: WatcherReason | undefined
  /** Why the next run has to look everywhere although it is watched; undefined once it need not. */
  readonly unsettled: WatcherReason | undefined
  base: Watermark | undefined
  /** Whether the paths are still what they were when they were first looked at. */
  isInPlace(): boolean
  /** Resolves when nothing waits to be watched. */
  idle(): Promise<void>
  stop(): Promise<void>
}

export interface SourceWatchParts {
  readonly watch: WatchDirectory
  readonly count: (events?: number) => void
  readonly random: RandomBytes
  /** Why everything has to be looked at once. */
  readonly because: WatcherReason
}

interface Watched extends Found {
  /** Undefined where it can not be watched. */
  readonly watch: DirectoryWatch | undefined
  /** Keys of its directories. */
  readonly children: Set<string>
}

const atOnce = 32
const keyOf = (path: Uint8Array): string => bufferOf(path).toString('latin1')
const bytesOf = (key: string): Buffer => Buffer.from(key, 'latin1')

export function startSourceWatch(source: WatchedSource, parts: SourceWatchParts): SourceWatch {
  const marks = createMarks()
  const include = source.include.map((path) => fromBase64Url(path) ?? rootPath)
  const outermost = include.filter((path) => !include.some((other) => isBelow(path, other)))
  const selector = createSelector({
    selection: { include, exclude: source.exclude },
    settings: source.selection,
    nowMs: 0,
  })
  const watched = new Map<string, Watched>()
  const roots = new Map<string, Found>()
  const waiting = new Set<string>()
  let mounts = ''
  let refused: WatcherReason | undefined
  let isStopped = false
  let work: Promise<void> = Promise.resolve()
  let isWorking = false

  const refuse = (reason: WatcherReason) => {
    refused ??= reason
    waiting.clear()
  }
  const appear = (key: string) => {
    if (isStopped || refused !== undefined) return
    marks.unsettle(key)
    waiting.add(key)
    if (isWorking) return
    isWorking = true
    work = settleAll()
  }
  const hearFrom =
    (found: Found): HearChange =>
    (kind, name) => {
      parts.count()
      const key = keyOf(found.place.path)
      marks.touch(key)
      if (name === undefined || name.includes('\ufffd') || isRule(name)) appear(key)
      else if (kind === 'rename')
        appear(keyOf(childPlace(found.place, undefined, Buffer.from(name)).path))
      if (kind === 'rename' && roots.has(key) && name === bufferOf(found.place.name).toString())
        appear(key)
    }
  const isRule = (name: string) =>
    name === cacheTagName || (source.selection.ignoreFiles && name === ignoreFileName)

  const settleAll = async () => {
    let turns = 0
    for (const key of waiting) {
      if (isStopped) break
      waiting.delete(key)
      if (turns++ % 64 === 63) await setImmediate()
      try {
        await settle(key)
      } catch (error) {
        if (systemCodeOf(error) === undefined) throw error
        refuse(isLimit(error) ? 'watch-limit' : 'busy')
      }
    }
    if (refused !== undefined) await closeAll()
    isWorking = false
  }
  const closeAll = async () => {
    for (const { watch } of watched.values()) await watch?.close()
    watched.clear()
  }
  const settle = async (key: string) => {
    const found = findAt(key)
    if (found === undefined && !watched.has(key)) {
      marks.forget(key)
      return
    }
    await closeBelow(key)
    if (found !== undefined) await watchBelow(found)
    if (waiting.has(key) || isStopped || refused !== undefined) return
    if (found === undefined) marks.forget(key)
    else if (watched.get(key)?.watch !== undefined) marks.settle(key)
  }
  /** A directory of the source that lies there. */
  const findAt = (key: string): Found | undefined => {
    const root = roots.get(key)
    if (root !== undefined) return directoryAt(root.place)
    const path = bytesOf(key)
    const parent = watched.get(keyOf(parentPath(path)))
    if (parent?.watch === undefined) return undefined
    const name = path.subarray(path.lastIndexOf(0x2f) + 1)
    const found = directoryAt(childPlace(parent.place, parent.facts, name))
    if (found === undefined || isEmptied(parent)) return undefined
    return selector.leavesOut(found.place, found.facts) === undefined ? found : undefined
  }
  const isEmptied = (found: Found) => selector.emptied(found) !== undefined
  const closeBelow = async (key: string) => {
    const closing = [key]
    for (let at = 0; at < closing.length; at++) {
      const gone = watched.get(closing[at] ?? '')
      for (const child of gone?.children ?? []) closing.push(child)
    }
    for (const [at, one] of closing.entries()) {
      const gone = watched.get(one)
      watched.delete(one)
      if (gone === undefined) continue
      if (one !== key && gone.watch === undefined) marks.forget(one)
      parts.count()
      await gone.watch?.close()
      if (at % 64 === 63) await setImmediate()
    }
    watched.get(keyOf(parentPath(bytesOf(key))))?.children.delete(key)
  }
  const watchBelow = async (top: Found) => {
    for (let level = [top]; level.length > 0 && !isStopped;) {
      const next: Found[] = []
      for (let at = 0; at < level.length && refused === undefined; at += atOnce) {
        const found = await Promise.all(level.slice(at, at + atOnce).map(watchOne))
        next.push(...found.flat())
      }
      if (refused !== undefined) return
      level = next
    }
  }
  /** Watches the directory, then lists its own: what appears later is heard. */
  const watchOne = async (found: Found): Promise<Found[]> => {
    const { path, parentDevice } = found.place
    const key = keyOf(path)
    if (isStopped) return []
    if (watched.size >= source.mostDirectories) {
      refuse('too-many-directories')
      return []
    }
    const isOther = parentDevice !== undefined && parentDevice !== found.facts.deviceId
    if (isOther && isEmptied(found)) return []
    const place = { ...found.place, ignores: selector.ignoresBelow(found.place) }
    const watch = await watchIfPossible({ ...found, place }, isOther)
    const inside = isEmptied(found) || watch === undefined ? [] : directoriesIn({ ...found, place })
    if (inside === undefined) await watch?.close()
    const kept = inside === undefined ? undefined : watch
    watched.set(key, { place, facts: found.facts, watch: kept, children: new Set() })
    watched.get(keyOf(parentPath(path)))?.children.add(key)
    if (kept === undefined) marks.unsettle(key)
    return inside ?? []
  }
  const watchIfPossible = async (found: Found, isOther: boolean) => {
    const { path } = found.place
    try {
      if (!hasWatchableName(path) || (isOther && !isTelling(path))) return undefined
      return await parts.watch(bufferOf(path).toString('utf8'), hearFrom(found))
    } catch (error) {
      if (systemCodeOf(error) === undefined) throw error
      if (isLimit(error)) refuse('watch-limit')
      return undefined
    }
  }
  /** Undefined where it can not be told: then it is no use to watch it. */
  const directoriesIn = ({ place, facts }: Found): Found[] | undefined => {
    try {
      return subdirectories(place.path)
        .map((name) => childPlace(place, facts, name))
        .flatMap((child) => lookFor(child) ?? [])
        .filter((child) => selector.leavesOut(child.place, child.facts) === undefined)
    } catch (error) {
      if (systemCodeOf(error) === undefined) throw error
      return undefined
    }
  }

  const begin = () => {
    try {
      mounts = mountsAround(outermost)
      for (const path of outermost) {
        const root = directoryAt(rootPlace(path))
        if (root === undefined) continue
        if (!isReal(path)) refuse('moved')
        if (!isTelling(path)) refuse('file-system')
        roots.set(keyOf(path), root)
      }
    } catch (error) {
      if (systemCodeOf(error) === undefined) throw error
      refuse('busy')
    }
    for (const key of roots.keys()) appear(key)
  }
  begin()
  return {
    source,
    marks,
    id: toHex(parts.random(8)),
    base: undefined,
    get directoryCount() {
      return watched.size
    },
    get refused() {
      return refused
    },
    get unsettled() {
      return marks.list().some(({ key, whole }) => whole && roots.has(key))
        ? parts.because
        : undefined
    },
    isInPlace: () =>
      mountsAround(outermost) === mounts &&
      outermost.every((path) => {
        const [before, now] = [roots.get(keyOf(path)), directoryAt(rootPlace(path))]
        return (
          before?.facts.inode === now?.facts.inode && before?.facts.deviceId === now?.facts.deviceId
        )
      }),
    idle: () => work,
    stop: async () => {
      isStopped = true
      await work
      await closeAll()
    },
  }
}

const isBelow = (path: Uint8Array, directory: Uint8Array): boolean =>
  path.length > directory.length && isWithin(keyOf(path), keyOf(directory))

/** The system watches no more directories for this user. */
const isLimit = (error: unknown): boolean =>
  ['ENOSPC', 'EMFILE', 'ENFILE', 'ENOMEM'].includes(systemCodeOf(error) ?? '')

function rootPlace(path: Uint8Array): Place {
  const names = splitPath(path)
  const parent = directoryAt({ ...bare, path: parentPath(path) })
  return {
    path,
    text: names.map((name) => bufferOf(name).toString('utf8')).join('/'),
    name: names.at(-1) ?? new Uint8Array(0),
    parentDevice: names.length === 0 ? undefined : parent?.facts.deviceId,
    ignores: [],
  }
}

const bare: Place = {
  path: rootPath,
  text: '',
  name: new Uint8Array(0),
  parentDevice: undefined,
  ignores: [],
}

function directoryAt(place: Place): Found | undefined {
  try {
    return lookFor(place)
  } catch (error) {
    if (systemCodeOf(error) === undefined) throw error
    return undefined
  }
}

/** The directory there, if it is one. */
function lookFor(place: Place): Found | undefined {
  return unlessGone(() => {
    const facts = lstatExact(place.path)
    return facts.kind === 'directory' ? { place, facts } : undefined
  })
}

const subdirectories = (path: Uint8Array): Buffer[] =>
  unlessGone(() =>
    readdirSync(bufferOf(path), { encoding: 'buffer', withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name),
  ) ?? []

/** Of what is gone its parent tells. */
function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCodeOf(error) ?? '')) return undefined
    throw error
  }
}
