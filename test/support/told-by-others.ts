/** What rsync and bsdtar, which know nothing of this program, tell about two directory trees. */

import { execFileSync } from 'node:child_process'

const call = (program: string, ...words: readonly string[]): Buffer =>
  execFileSync(program, words, { maxBuffer: 256 * 1024 * 1024 })

const compare = ['-aHAX', '--checksum', '--delete', '--dry-run']

/** What rsync would change to make the second like the first: a line each, none where they are the same. */
export const itemizedChanges = (first: string, second: string, ...words: string[]): string =>
  call('rsync', ...compare, '--itemize-changes', ...words, `${first}/`, `${second}/`).toString()

/** Where two trees differ; `path` is one character a byte. */
export interface Told {
  readonly path: string
  readonly aspect: 'content' | 'owner' | 'mode' | 'times' | 'acl' | 'attributes'
}

/** By the letters of rsync's items. */
const aspects = new Map<string, Told['aspect']>([
  ['c', 'content'],
  ['s', 'content'],
  ['+', 'content'],
  ['t', 'times'],
  ['p', 'mode'],
  ['o', 'owner'],
  ['g', 'owner'],
  ['a', 'acl'],
  ['x', 'attributes'],
])

export function differencesToRsync(first: string, second: string): Told[] {
  const words = [...compare, '--out-format=%i %n', `${first}/`, `${second}/`]
  const lines = call('rsync', ...words)
    .toString('latin1')
    .split('\n')
    .filter(Boolean)
  return lines.flatMap((line): Told[] => {
    const path = unescaped(line.slice(12), /\\#([0-7]{3})/g)
    if (line.startsWith('*deleting')) return [{ path, aspect: 'content' }]
    const letters = new Set(line.slice(2, 11).split(''))
    return [...letters].flatMap((letter) => {
      const aspect = aspects.get(letter)
      return aspect === undefined ? [] : [{ path, aspect }]
    })
  })
}

const unescaped = (path: string, octal: RegExp): string =>
  path
    .replace(octal, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
    .replace(/\/$/, '')

/** A line for each file, in the order of their paths, with all that an mtree can say but inode and device numbers. */
export const mtreeOf = (folder: string): string[] =>
  call('bsdtar', '-cf', '-', '--format=mtree', '--options=all,!inode,!resdevice', '-C', folder, '.')
    .toString('latin1')
    .split('\n')
    .sort()

export function differencesInMtrees(first: string, second: string): Told[] {
  const there = new Map(mtreeOf(second).map((line) => [pathOf(line), factsOf(line)]))
  return mtreeOf(first).flatMap((line): Told[] => {
    const [path, facts] = [pathOf(line), factsOf(line)]
    const others = there.get(path)
    if (others === undefined) return [{ path, aspect: 'content' }]
    return [...facts]
      .filter(([keyword, value]) => others.get(keyword) !== value)
      .map(([keyword]) => ({ path, aspect: aspectOf[keyword] ?? 'content' }))
  })
}

const pathOf = (line: string): string =>
  unescaped(line.split(' ')[0] ?? '', /\\([0-7]{3})/g).replace(/^\.\//, '')

const factsOf = (line: string): Map<string, string> =>
  new Map(
    line
      .split(' ')
      .slice(1)
      .map((word): [string, string] => [word.split('=')[0] ?? '', word]),
  )

const aspectOf: Readonly<Record<string, Told['aspect']>> = {
  ...{ uid: 'owner', gid: 'owner', uname: 'owner', gname: 'owner', mode: 'mode', time: 'times' },
}
