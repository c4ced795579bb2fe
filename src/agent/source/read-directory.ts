/** Reads a directory: its names, and the facts of each. */

import { readdirSync } from 'node:fs'
import { compareBytes } from '../../base/bytes.ts'
import { joinPath } from '../../model/path.ts'
import { lstatExact, type FileFacts } from './facts.ts'
import { problemOf, type ReadProblem } from './problem.ts'
import { reaching } from './reach.ts'

export interface UnseenChild extends ReadProblem {
  readonly name: Buffer
  readonly path: Buffer
}

export interface DirectoryListing {
  /** Ascending by name bytes. */
  readonly entries: readonly { readonly name: Buffer; readonly facts: FileFacts }[]
  /** What was listed but could not be looked at, ascending by name; `vanished` where it went meanwhile. */
  readonly failures: readonly UnseenChild[]
}

/** Looked at in one go: the facts of a million names at once would fill the memory. */
const atATime = 4096

/**
 * Lists the names at once, and looks at so many of them when the next listing is asked for; all ascending. Blocks its
 * thread: one call a name is several times faster than promises. Throws Node's error where the directory itself can not
 * be listed.
 */
export function readDirectory(directory: Uint8Array): Iterable<DirectoryListing> {
  const names = reaching(directory, (reachable) => readdirSync(reachable, { encoding: 'buffer' }))
  return listings(directory, names.sort(compareBytes))
}

function* listings(directory: Uint8Array, names: readonly Buffer[]): Iterable<DirectoryListing> {
  for (let at = 0; at < names.length; at += atATime) {
    yield lookAt(directory, names.slice(at, at + atATime))
  }
}

function lookAt(directory: Uint8Array, names: readonly Buffer[]): DirectoryListing {
  const entries: { name: Buffer; facts: FileFacts }[] = []
  const failures: UnseenChild[] = []
  for (const name of names) {
    const path = joinPath(directory, name)
    try {
      entries.push({ name, facts: lstatExact(path) })
    } catch (error) {
      failures.push({ name, path, ...problemOf(error) })
    }
  }
  return { entries, failures }
}
