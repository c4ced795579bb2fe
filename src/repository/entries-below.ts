/** Everything in a recovery point below a directory, in the order of names; without recursion, for it may be deep. */

import type { DirectoryEntry, Entry } from '../model/entry.ts'
import type { TreeReader } from './tree-reader.ts'

export interface PlacedEntry {
  /** From the root of the machine on. */
  readonly names: readonly Uint8Array[]
  readonly entry: Entry
}

export async function* entriesBelow(
  tree: TreeReader,
  directory: DirectoryEntry,
  at: readonly Uint8Array[] = [],
): AsyncGenerator<PlacedEntry, void, undefined> {
  const open = [{ names: at, entries: tree.entries(directory) }]
  for (let frame = open.at(-1); frame !== undefined; frame = open.at(-1)) {
    const next = await frame.entries.next()
    if (next.done === true) {
      open.pop()
      continue
    }
    const entry = next.value
    const names = [...frame.names, entry.name]
    yield { names, entry }
    if (entry.type === 'directory') open.push({ names, entries: tree.entries(entry) })
  }
}
