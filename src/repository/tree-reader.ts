/** Looks into a recovery point: entries of directories, files by path, the chunks of a file. */

import type { Attribute, DirectoryEntry, Entry, FileEntry } from '../model/entry.ts'
import { readFileMap } from '../model/file-map.ts'
import type { ChunkReference } from '../model/ids.ts'
import { findEntry, readTree, type ReadPage } from '../model/tree-reader.ts'
import { decodeTreePage, type TreePage } from '../model/tree-page.ts'
import { createByteCache } from '../base/byte-cache.ts'
import { concatBytes } from '../base/bytes.ts'
import type { ChunkReader } from './chunk-reader.ts'

export interface TreeReader {
  /** Ascending by name. */
  entries(directory: DirectoryEntry): AsyncGenerator<Entry, void, undefined>
  /** The entry at that place below `root`; undefined where there is none. No name means `root` itself. */
  find(root: DirectoryEntry, names: readonly Uint8Array[]): Promise<Entry | undefined>
  /** The chunks of a file in order. */
  content(file: FileEntry): AsyncGenerator<ChunkReference, void, undefined>
  /** The value of an extended attribute. */
  attribute(attribute: Attribute): Promise<Uint8Array>
}

/** Encoded; decoded they take some times as much. */
const keptPageBytes = 4 * 1024 * 1024

/** Everything rejects with `damaged`, `missing-data` or `malformed` where the point can not be read. */
export function createTreeReader(chunks: ChunkReader): TreeReader {
  const page = (reference: ChunkReference) => chunks.load(reference, 2)
  const pageOnce = keptPages(page)
  const mapPage = (reference: ChunkReference) => chunks.load(reference, 3)
  return {
    entries: (directory) => readTree(directory.tree, page),
    find: async (root, names) => {
      let entry: Entry | undefined = root
      for (const name of names) {
        if (entry?.type !== 'directory') return undefined
        entry = await findEntry(entry.tree, name, pageOnce)
      }
      return entry
    },
    content: async function* ({ content, map, sizeBytes }) {
      if (map !== undefined) yield* readFileMap({ map, sizeBytes }, mapPage)
      else yield* content ?? []
    },
    attribute: async (attribute) => {
      if ('value' in attribute) return attribute.value
      const parts: Uint8Array[] = []
      for (const reference of attribute.content) parts.push(await chunks.load(reference, 1))
      return concatBytes(...parts)
    },
  }
}

/** Paths are looked up one after the other, thousands of them in the same few directories. */
function keptPages(load: (reference: ChunkReference) => Promise<Uint8Array>): ReadPage {
  const pages = createByteCache<TreePage>(keptPageBytes)
  return async (reference) => {
    const kept = pages.get(reference.id)
    if (kept !== undefined) return kept
    const bytes = await load(reference)
    const page = decodeTreePage(bytes)
    pages.set(reference.id, page, bytes.length)
    return page
  }
}
