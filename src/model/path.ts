/**
 * Paths of this machine as bytes: absolute, `/` between names, no `.`, `..` or doubled slash. On Windows the same with
 * a volume in front (`D:/x`) and names in WTF-8. Components are the names in a point's tree (docs/format.md 6, 7.3).
 */

import { win32 } from 'node:path'
import { ascii, bufferOf, utf8 } from '../base/bytes.ts'
import { BackupError } from '../base/errors.ts'
import { fromDisplay } from './path-text.ts'

export type PathBytes = Uint8Array

const slash = 0x2f

/** The machine's root. On Windows, what it holds are the volumes. */
export const rootPath: Buffer = Buffer.from('/')

/** The path of what bears this name in the directory. */
export function joinPath(
  directory: PathBytes,
  name: Uint8Array,
  platform: NodeJS.Platform = process.platform,
): Buffer {
  if (platform === 'win32' && directory.length === 1) return Buffer.concat([name, ascii(':/')])
  const between = directory.at(-1) === slash ? 0 : 1
  const path = Buffer.allocUnsafe(directory.length + between + name.length)
  path.set(directory)
  path[directory.length] = slash
  path.set(name, directory.length + between)
  return path
}

/** The directory that holds the last name; a root stays itself. */
export function parentPath(path: PathBytes): Buffer {
  const at = path.lastIndexOf(slash)
  const isRoot = at === 0 || (at === 2 && path[0] !== slash)
  return bufferOf(path.subarray(0, isRoot ? at + 1 : at))
}

/** `/home/a` to [home, a], `D:/x` to [D, x], `D:/` to [D], the root to nothing. */
export function splitPath(path: PathBytes): Uint8Array[] {
  const names = splitAtSlashes(path)
  const volume = path[0] === slash ? undefined : names[0]
  return volume === undefined ? names : [volume.subarray(0, -1), ...names.slice(1)]
}

/** The inverse of `splitPath` on that platform. */
export const absolutePath = (
  components: readonly Uint8Array[],
  platform: NodeJS.Platform = process.platform,
): Buffer =>
  components.reduce<Buffer>((directory, name) => joinPath(directory, name, platform), rootPath)

/**
 * A path as a person gave it: relative ones below `directory`; on POSIX bytes may be written as `toDisplay` shows them.
 * @throws BackupError `usage` for an empty path, one with a NUL, and on Windows one outside of a volume with a letter.
 */
export function parsePath(
  text: string,
  directory: string,
  platform: NodeJS.Platform = process.platform,
): Buffer {
  if (text === '') throw new BackupError('usage', 'A path is empty.')
  const path = platform === 'win32' ? parseWindows(text, directory) : parsePosix(text, directory)
  if (path.includes(0)) throw new BackupError('usage', 'A path has a NUL in it.')
  return path
}

function parsePosix(text: string, directory: string): Buffer {
  const given = fromDisplay(text)
  const whole = given[0] === slash ? given : joinPath(utf8(directory), given, 'linux')
  const names: Uint8Array[] = []
  for (const name of splitAtSlashes(whole)) {
    const word = name.length <= 2 ? bufferOf(name).toString('latin1') : undefined
    if (word === '..') names.pop()
    else if (word !== '.') names.push(name)
  }
  return absolutePath(names, 'linux')
}

function parseWindows(text: string, directory: string): Buffer {
  const path = win32.resolve(directory, text)
  if (!/^[a-z]:\\/i.test(path)) {
    throw new BackupError('usage', `Not on a volume with a letter: ${text}`)
  }
  const names = path
    .slice(3)
    .split('\\')
    .filter((name) => name !== '')
  return absolutePath([path.slice(0, 1).toUpperCase(), ...names].map(utf8), 'win32')
}

function splitAtSlashes(path: PathBytes): Uint8Array[] {
  const names: Uint8Array[] = []
  for (let from = 0; from <= path.length;) {
    const found = path.indexOf(slash, from)
    const to = found < 0 ? path.length : found
    if (to > from) names.push(path.subarray(from, to))
    from = to + 1
  }
  return names
}
