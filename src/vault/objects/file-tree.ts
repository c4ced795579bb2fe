/** Listing a store that keeps files in two trees: what is in either of them is there. */

import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCodeOf } from '../../base/errors.ts'
import type { StoredObject } from './object-store.ts'

/** Keys ascending by bytes, as in stores that know no folders: a folder sorts with its `/`. */
export async function* listFiles(
  roots: readonly string[],
  prefix: string,
  after: string,
): AsyncGenerator<StoredObject> {
  for (const name of await entriesOf(roots, prefix)) {
    const key = prefix + name
    if (name.endsWith('/')) {
      const wholeFolderIsBefore = key <= after && !after.startsWith(key)
      if (!wholeFolderIsBefore) yield* listFiles(roots, key, after)
    } else if (key > after) {
      const facts = await statFile(roots, key)
      if (facts !== undefined) yield facts
    }
  }
}

/** Names below a folder in any of the trees, ascending; folders end in `/`. */
export async function entriesOf(roots: readonly string[], prefix: string): Promise<string[]> {
  const names = new Set<string>()
  for (const root of roots) {
    for (const entry of await readFolder(join(root, prefix))) {
      names.add(entry.isDirectory() ? `${entry.name}/` : entry.name)
    }
  }
  return [...names].sort()
}

async function readFolder(path: string) {
  try {
    return await readdir(path, { withFileTypes: true })
  } catch (error) {
    if (isAbsence(error)) return []
    throw error
  }
}

/** The first tree that has the file tells its facts. */
export async function statFile(
  roots: readonly string[],
  key: string,
): Promise<StoredObject | undefined> {
  for (const root of roots) {
    const facts = await statIfThere(join(root, key))
    if (facts?.isFile())
      return { key, sizeBytes: facts.size, storedAtMs: Math.floor(facts.mtimeMs) }
  }
  return undefined
}

async function statIfThere(path: string) {
  try {
    return await stat(path)
  } catch (error) {
    if (isAbsence(error)) return undefined
    throw error
  }
}

const isAbsence = (error: unknown): boolean =>
  systemCodeOf(error) === 'ENOENT' || systemCodeOf(error) === 'ENOTDIR'
