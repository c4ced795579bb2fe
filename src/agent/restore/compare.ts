/** Compares two directory trees on disk: kinds, contents, and the attributes that a restore gives back. */

import { constants } from 'node:fs'
import { lstat, open, readdir, readlink } from 'node:fs/promises'
import type { BigIntStats } from 'node:fs'
import { compareBytes, equalBytes, toHex } from '../../base/bytes.ts'
import type { SystemCalls } from '../system/system-calls.ts'
import { noFollow, type Place } from './target/target.ts'

export interface Difference {
  /** Below both directories. */
  readonly path: Place
  readonly what:
    | 'only-in-first'
    | 'only-in-second'
    | 'kind'
    | 'content'
    | 'mode'
    | 'owner'
    | 'mtime'
    | 'link-target'
    | 'device'
    | 'xattrs'
    | 'hard-links'
}

export interface CompareOptions {
  readonly system: SystemCalls
  /** Owners are compared only where they could be restored. */
  readonly owners: boolean
  readonly signal?: AbortSignal | undefined
}

/** All differences; none means that the trees are identical. Both directories themselves are compared too. */
export async function compareTrees(
  first: string,
  second: string,
  options: CompareOptions,
): Promise<Difference[]> {
  const differences: Difference[] = []
  const groups = new Map<string, string>()
  const places: Place[] = [[]]
  for (let place = places.pop(); place !== undefined; place = places.pop()) {
    options.signal?.throwIfAborted()
    const pair = await lookAt(place, first, second)
    const found = await compareEntry(pair, { ...options, groups })
    differences.push(...found.map((what) => ({ path: pair.place, what })))
    if (found.includes('kind') || !pair.facts[0].isDirectory()) continue
    const names = await readNames(pair)
    for (const name of names.both.reverse()) places.push([...place, name])
    for (const [what, only] of names.only) {
      differences.push(...only.map((name) => ({ path: [...pair.place, name], what })))
    }
  }
  return differences
}

/** The same place in both trees. */
interface Pair {
  readonly place: Place
  readonly paths: readonly [Buffer, Buffer]
  readonly facts: readonly [BigIntStats, BigIntStats]
}

interface Comparison extends CompareOptions {
  /** Of each file with several names in the first tree, which it is in the second. */
  readonly groups: Map<string, string>
}

async function lookAt(place: Place, first: string, second: string): Promise<Pair> {
  const paths = [pathOf(first, place), pathOf(second, place)] as const
  const facts = [
    await lstat(paths[0], { bigint: true }),
    await lstat(paths[1], { bigint: true }),
  ] as const
  return { place, paths, facts }
}

const pathOf = (root: string, place: Place): Buffer =>
  Buffer.concat([Buffer.from(root), ...place.flatMap((name) => [Buffer.from('/'), name])])

const kindBits = BigInt(constants.S_IFMT)
const modeBits = 0o7777n

async function compareEntry(pair: Pair, comparison: Comparison): Promise<Difference['what'][]> {
  const [a, b] = pair.facts
  if ((a.mode & kindBits) !== (b.mode & kindBits)) return ['kind']
  const isLink = a.isSymbolicLink()
  const found: Difference['what'][] = []
  if (a.isFile() && !(await sameContent(pair))) found.push('content')
  if (isLink && !(await sameTarget(pair))) found.push('link-target')
  if ((a.isBlockDevice() || a.isCharacterDevice()) && a.rdev !== b.rdev) found.push('device')
  if (!isLink && (a.mode & modeBits) !== (b.mode & modeBits)) found.push('mode')
  if (comparison.owners && (a.uid !== b.uid || a.gid !== b.gid)) found.push('owner')
  if (a.mtimeNs !== b.mtimeNs) found.push('mtime')
  if (attributesOf(pair.paths[0], comparison) !== attributesOf(pair.paths[1], comparison)) {
    found.push('xattrs')
  }
  if (!a.isDirectory() && !sameGroup(pair, comparison)) found.push('hard-links')
  return found
}

/** Whether names that are one file in the first tree are one in the second, and the other way round. */
function sameGroup({ facts: [a, b] }: Pair, { groups }: Comparison): boolean {
  const one = `${a.dev}:${a.ino}`
  const other = `${b.dev}:${b.ino}`
  const known = groups.get(`first ${one}`)
  const back = groups.get(`second ${other}`)
  if (a.nlink > 1n || b.nlink > 1n) {
    groups.set(`first ${one}`, other)
    groups.set(`second ${other}`, one)
  }
  return (known === undefined || known === other) && (back === undefined || back === one)
}

const bufferBytes = 1024 * 1024

async function sameContent({ paths, facts }: Pair): Promise<boolean> {
  if (facts[0].size !== facts[1].size) return false
  const flags = constants.O_RDONLY | noFollow
  const first = await open(paths[0], flags)
  try {
    const second = await open(paths[1], flags)
    try {
      const buffers = [Buffer.alloc(bufferBytes), Buffer.alloc(bufferBytes)] as const
      for (let position = 0; ;) {
        const a = await first.read(buffers[0], 0, bufferBytes, position)
        if (a.bytesRead === 0) return true
        const b = await readFully(second, buffers[1].subarray(0, a.bytesRead), position)
        if (!equalBytes(buffers[0].subarray(0, a.bytesRead), b)) return false
        position += a.bytesRead
      }
    } finally {
      await second.close()
    }
  } finally {
    await first.close()
  }
}

async function readFully(
  handle: Awaited<ReturnType<typeof open>>,
  into: Buffer,
  position: number,
): Promise<Buffer> {
  let length = 0
  while (length < into.length) {
    const { bytesRead } = await handle.read(into, length, into.length - length, position + length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return into.subarray(0, length)
}

const sameTarget = async ({ paths }: Pair): Promise<boolean> =>
  equalBytes(await readlink(paths[0], 'buffer'), await readlink(paths[1], 'buffer'))

/** Names and values in one text that can be compared. */
const attributesOf = (path: Buffer, { system }: Comparison): string =>
  system.hasXattrs
    ? system
        .listXattrs(path)
        .map((name) => `${toHex(name)}=${toHex(system.getXattr(path, name))}`)
        .sort()
        .join('\n')
    : ''

async function readNames({ paths }: Pair): Promise<{
  readonly both: Buffer[]
  readonly only: readonly (readonly ['only-in-first' | 'only-in-second', Buffer[]])[]
}> {
  const [first, second] = [await sortedNames(paths[0]), await sortedNames(paths[1])]
  const inFirst = new Set(first.map(toHex))
  const inSecond = new Set(second.map(toHex))
  return {
    both: first.filter((name) => inSecond.has(toHex(name))),
    only: [
      ['only-in-first', first.filter((name) => !inSecond.has(toHex(name)))],
      ['only-in-second', second.filter((name) => !inFirst.has(toHex(name)))],
    ],
  }
}

const sortedNames = async (path: Buffer): Promise<Buffer[]> =>
  (await readdir(path, { encoding: 'buffer' })).sort(compareBytes)
