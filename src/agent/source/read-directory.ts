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

/**
 * Blocks its thread: one call a name is several times faster than promises. Throws Node's error where the directory
 * itself can not be listed.
 */
export function readDirectory(directory: Uint8Array): DirectoryListing {
  const entries: { name: Buffer; facts: FileFacts }[] = []
  const failures: UnseenChild[] = []
  const names = reaching(directory, (reachable) => readdirSync(reachable, { encoding: 'buffer' }))
  for (const name of names.sort(compareBytes)) {
    const path = joinPath(directory, name)
    try {
      entries.push({ name, facts: lstatExact(path) })
    } catch (error) {
      failures.push({ name, path, ...problemOf(error) })
    }
  }
  return { entries, failures }
}
