/** Files with several names are read once: what was read under the first serves the others, if they are still the same. */

import type { EntryBase, FileEntry } from '../../model/entry.ts'
import type { FileFacts } from '../source/facts.ts'

export interface FileContent extends Pick<FileEntry, 'sizeBytes' | 'content' | 'map'> {
  readonly sparse: true | undefined
}

/** A file that is being read; `isAsFound` unless it changed since its facts were looked at. */
export type Reading = Promise<{ readonly entry: FileEntry; readonly isAsFound: boolean }>

export interface HardLinks {
  /** The content of the file under another name, once it is read; undefined where it has to be read (again). */
  find(facts: FileFacts): Promise<FileContent | undefined>
  remember(facts: FileFacts, reading: Reading): void
}

export function createHardLinks(): HardLinks {
  const readings = new Map<string, Promise<FileContent | undefined>>()
  return {
    find: (facts) => (facts.links > 1 ? readings.get(keyOf(facts)) : undefined) ?? none,
    remember: (facts, reading) => {
      if (facts.links > 1) readings.set(keyOf(facts), contentOf(reading))
    },
  }
}

const none = Promise.resolve(undefined)

/** What could not be read under one name is tried under the next: that name has its own troubles. */
async function contentOf(reading: Reading): Promise<FileContent | undefined> {
  try {
    const { entry, isAsFound } = await reading
    return isAsFound ? contentOfEntry(entry) : undefined
  } catch {
    return undefined
  }
}

export const contentOfEntry = ({ sizeBytes, content, map, flags }: FileEntry): FileContent => ({
  ...{ sizeBytes, content, map },
  sparse: flags.sparse,
})

/** The entry of a file: what is common to all kinds, and its content. */
export const fileEntryOf = (common: EntryBase, { sparse, ...content }: FileContent): FileEntry => ({
  ...common,
  flags: sparse ? { ...common.flags, sparse } : common.flags,
  type: 'file',
  ...content,
})

const keyOf = ({ deviceId, inode, sizeBytes, mtimeNs, ctimeNs }: FileFacts): string =>
  [deviceId, inode, sizeBytes, mtimeNs, ctimeNs].join()
