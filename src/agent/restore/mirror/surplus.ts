/**
 * What lies in the directories that a plan restores whole, and is not in the point. Only looked at, through directories
 * that are held open, so that the list can be shown before anything goes. Other file systems are not entered.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { bufferOf, compareBytes } from '../../../base/bytes.ts'
import { systemCodeOf, errorCodeOf } from '../../../base/errors.ts'
import { hasCacheTag } from '../../source/cache-directory.ts'
import { lstatExact, type FileFacts } from '../../source/facts.ts'
import type { Found } from '../../backup/walk-context.ts'
import { withHeldNames } from '../held-names.ts'
import type { DirectoryItem, EndItem, RestorePlan } from '../plan.ts'
import { isOccupied, openTarget } from '../target/open-target.ts'
import { nameKey } from '../target/names.ts'
import type { Directory, Place, Target } from '../target/target.ts'
import type { Kept } from './kept.ts'

/** Something that is to go. */
export interface Surplus {
  /** As it would be in the point. */
  readonly path: Place
  /** Below the target. */
  readonly place: Place
  readonly facts: FileFacts
}

export interface SurplusOptions {
  readonly to: string
  readonly kept: Kept
  readonly signal?: AbortSignal | undefined
}

/**
 * What is in a directory comes before the directory.
 * @throws what a directory of the point can not be read with: then nothing may be taken for surplus
 */
export async function findSurplus(plan: RestorePlan, options: SurplusOptions): Promise<Surplus[]> {
  if (!(await isOccupied(options.to))) return []
  const target = await openTarget(options.to)
  const found: Surplus[] = []
  try {
    const frames: Frame[] = []
    const held = withHeldNames(plan, target.names)
    for await (const item of held.items({ signal: options.signal })) {
      if (item.kind === 'unreadable') throw item.error
      if (item.kind === 'end') {
        const frame = frames.pop()
        if (frame !== undefined && mayLose(item, frame)) {
          for await (const surplus of besides(frame, { target, ...options })) found.push(surplus)
        }
        continue
      }
      const name = item.place.at(-1)
      if (name !== undefined) frames.at(-1)?.holds.add(keyOf(name, target))
      if (item.kind === 'directory') {
        frames.push(await frameOf(item, frames.at(-1), { target, ...options }))
      }
    }
  } finally {
    await target.close()
  }
  return found
}

interface Search extends SurplusOptions {
  readonly target: Target
}

/** Names with equal keys may be one name to the target. */
const keyOf = (name: Uint8Array, { names }: Target): string => nameKey(name, names)

/** A directory on the target. */
interface Level {
  readonly path: Place
  readonly place: Place
  /** Joined as rules have it. */
  readonly text: string
  readonly ignores: Found['place']['ignores']
  /** The file system of the directory that is restored whole; undefined above one. */
  readonly base: string | undefined
}

/** A directory that the point holds. */
interface Frame extends Level {
  /** Names that are not surplus. */
  readonly holds: Set<string>
  /** Nothing here or below goes. */
  readonly isLeft: boolean
}

async function frameOf(
  { path, place, way }: DirectoryItem,
  above: Frame | undefined,
  search: Search,
): Promise<Frame> {
  const text = textOf(path)
  const frame = { path, place, text, holds: new Set<string>() }
  const ignores = above?.ignores ?? []
  const isMissing: Frame = { ...frame, ignores, base: above?.base, isLeft: true }
  if (above?.isLeft === true) return isMissing
  return ifThere(isMissing, search, place, (directory) => {
    const facts = lstatExact(directory.self)
    const own = fileSystemOf(directory, facts)
    const base = way ? undefined : (above?.base ?? own)
    return {
      ...frame,
      base,
      ignores: search.kept.ignoresBelow(placeOf({ path, text, ignores }, directory.self)),
      isLeft:
        (base !== undefined && base !== own) ||
        search.kept.staysWhole(path, facts) ||
        hasCacheTag(directory.self),
    }
  })
}

/** A mount point that the point holds empty may have been left out there. */
const mayLose = ({ entry, way }: EndItem, { isLeft, holds }: Frame): boolean =>
  !way && !isLeft && !(entry.flags.mountPoint && holds.size === 0)

/** What is in the directory and not in the point. True where all of it goes. */
async function* besides(
  level: Level & Partial<Frame>,
  search: Search,
): AsyncGenerator<Surplus, boolean, undefined> {
  search.signal?.throwIfAborted()
  let isEmptied = true
  const holds = level.holds ?? new Set()
  const children = await childrenOf(level, search)
  for (const found of children ?? []) {
    const { name } = found.place
    if (holds.has(keyOf(name, search.target))) continue
    const [path, place] = [
      [...level.path, name],
      [...level.place, name],
    ]
    const goes =
      !search.kept.stays(found, path) &&
      found.facts.deviceId === found.place.parentDevice &&
      (found.facts.kind !== 'directory' ||
        (yield* belowSurplus({ path, place, text: found.place.text }, level, search)))
    if (goes) yield { path, place, facts: found.facts }
    else isEmptied = false
  }
  return isEmptied && children !== undefined
}

async function* belowSurplus(
  places: Pick<Level, 'path' | 'place' | 'text'>,
  above: Level,
  search: Search,
): AsyncGenerator<Surplus, boolean, undefined> {
  const level = await ifThere<Level | undefined>(undefined, search, places.place, (directory) => {
    const isOther = fileSystemOf(directory, lstatExact(directory.self)) !== above.base
    if (isOther || hasCacheTag(directory.self)) return undefined
    const place = placeOf({ ...places, ignores: above.ignores }, directory.self)
    return { ...places, base: above.base, ignores: search.kept.ignoresBelow(place) }
  })
  return level !== undefined && (yield* besides(level, search))
}

function childrenOf(level: Level, search: Search): Promise<Found[] | undefined> {
  return ifThere<Found[] | undefined>(undefined, search, level.place, (directory) => {
    const { deviceId } = lstatExact(directory.self)
    const names = readdirSync(directory.self, { encoding: 'buffer' }).sort(compareBytes)
    return names.map((name) => {
      const path = directory.at(name)
      const child = { ...level, path: [...level.path, name] }
      const place = placeOf({ ...child, text: textOf(child.path) }, path)
      return { place: { ...place, parentDevice: deviceId }, facts: lstatExact(path) }
    })
  })
}

const placeOf = (
  { path, text, ignores }: Pick<Level, 'path' | 'text' | 'ignores'>,
  reached: Uint8Array,
): Found['place'] => ({
  ...{ path: reached, text, ignores },
  name: path.at(-1) ?? new Uint8Array(0),
  parentDevice: undefined,
})

const textOf = (path: Place): string =>
  path.map((name) => bufferOf(name).toString('utf8')).join('/')

/** Which mount it is, where the system tells: also one of a directory of the same file system. */
function fileSystemOf({ self }: Directory, { deviceId }: FileFacts): string {
  const descriptor = /^\/proc\/self\/fd\/(\d+)\//.exec(bufferOf(self).toString('latin1'))?.[1]
  if (descriptor === undefined) return String(deviceId)
  const facts = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1')
  return `${deviceId} ${/^mnt_id:\s*(\d+)/m.exec(facts)?.[1] ?? ''}`
}

/** What can not be looked into, or is gone, is no surplus. */
async function ifThere<T>(
  otherwise: T,
  { target }: Search,
  place: Place,
  use: (directory: Directory) => T,
): Promise<T> {
  try {
    return await target.withDirectory(place, (directory) => Promise.resolve(use(directory)))
  } catch (error) {
    const code = systemCodeOf(error) ?? errorCodeOf(error)
    if (code === undefined || !passable.has(code)) throw error
    return otherwise
  }
}

const passable: ReadonlySet<string> = new Set([
  ...['not-found', 'target-refused', 'file-unreadable'],
  ...['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'EPERM'],
])
