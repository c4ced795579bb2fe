/** The store that needs nothing but a folder (docs/format.md 11). Most kinds are kept twice, in two trees of files. */

import { rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { BackupError, systemCodeOf } from '../../base/errors.ts'
import type { Clock } from '../../base/clock.ts'
import { createDurableFolders } from './durable-folders.ts'
import { nodeFileCalls, syncIfThere, type FileCalls } from './file-calls.ts'
import { checkFile, openIfThere, readAheadBytes } from './file-check.ts'
import { createInTree, heal, pathsOf, type Tree } from './file-place.ts'
import { checkInTree } from './file-scrub.ts'
import { moveInTree } from './file-move.ts'
import { entriesOf, listFiles, statFile } from './file-tree.ts'
import { checkKey, checkPrefix, isKeptTwice, trashFolder } from './keys.ts'
import type { ObjectStore, OpenObject, ReadRange } from './object-store.ts'
import { removeLeftovers } from './temporary-files.ts'

export interface FileStoreOptions {
  readonly clock: Clock
  readonly calls?: FileCalls
}

/** Opens the store below `directory`, making its folders where they are missing. */
export async function openFileStore(
  directory: string,
  options: FileStoreOptions,
): Promise<ObjectStore> {
  const calls = options.calls ?? nodeFileCalls
  const tree: Tree = {
    calls,
    folders: createDurableFolders(dirname(directory), calls),
    roots: [join(directory, 'objects'), join(directory, 'copies')],
    temporary: join(directory, 'tmp'),
  }
  for (const folder of [...tree.roots, tree.temporary]) await tree.folders.ensure(folder)
  await removeLeftovers(tree.temporary, options.clock.now(), calls)
  return {
    create: (key, source, expected = {}) => {
      checkKey(key)
      return translated(key, () => createInTree(tree, { key, expected }, source))
    },
    read: (key, range) => read(tree, key, range),
    stat: async (key) => {
      checkKey(key)
      return await statFile(tree.roots, key)
    },
    check: async (key) => {
      checkKey(key)
      return await translated(key, () => checkInTree(tree, key))
    },
    list: (prefix, after = '') => {
      checkPrefix(prefix)
      return listFiles(tree.roots, prefix, after)
    },
    folders: async (prefix) => {
      checkPrefix(prefix)
      const names = await entriesOf(tree.roots, prefix)
      return names
        .filter((name) => name.endsWith('/'))
        .map((name) => name.slice(0, -1))
        .sort()
    },
    move: (key, newKey) => {
      checkKey(key)
      checkKey(newKey)
      return translated(newKey, () => moveInTree(tree, key, newKey))
    },
    remove: (key) => remove(tree, key),
  }
}

async function read(tree: Tree, key: string, range?: ReadRange): Promise<OpenObject> {
  checkKey(key)
  const original = join(tree.roots[0], key)
  const copy = join(tree.roots[1], key)
  if (isKeptTwice(key) && range === undefined && (await statFile(tree.roots, key)) !== undefined) {
    const stored = await checkFile(original, key)
    if (stored?.sound !== true) await heal(tree, key)
  }
  const opened = (await open(original, range)) ?? (await open(copy, range))
  if (opened === undefined) throw missing(key)
  return opened
}

async function open(path: string, range: ReadRange | undefined): Promise<OpenObject | undefined> {
  const handle = await openIfThere(path)
  if (handle === undefined) return undefined
  const { size: sizeBytes } = await handle.stat()
  const start = range?.start ?? 0
  const end = Math.min(range?.end ?? sizeBytes, sizeBytes)
  if (start < end) {
    const options = { start, end: end - 1, highWaterMark: readAheadBytes }
    return { sizeBytes, body: handle.createReadStream(options) }
  }
  await handle.close()
  return { sizeBytes, body: Readable.from([]) }
}

async function remove(tree: Tree, key: string): Promise<void> {
  checkKey(key)
  for (const path of pathsOf(tree, key)) {
    if ((await statFile([path], '')) === undefined) continue
    await tree.calls.remove(path)
    await syncIfThere(tree.calls, dirname(path))
    if (key.startsWith(trashFolder)) await removeEmptyFolders(tree, path)
  }
}

/** Each decision has folders of its own in the trash, which nobody needs when they are empty. */
async function removeEmptyFolders({ folders, roots }: Tree, path: string): Promise<void> {
  const trashes = roots.map((root) => dirname(join(root, trashFolder, '-')))
  for (let at = dirname(path); !trashes.includes(at); at = dirname(at)) {
    try {
      await rmdir(at)
    } catch {
      return
    }
    folders.forget(at)
  }
}

async function translated<T>(key: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const code = systemCodeOf(error)
    if (code !== 'ENOSPC' && code !== 'EDQUOT') throw error
    throw new BackupError('vault-full', `The vault has no room for ${key}.`, {
      hint: 'Make room on the disk of the vault; what it holds stays readable.',
      cause: error,
    })
  }
}

const missing = (key: string): BackupError => new BackupError('not-found', `There is no ${key}.`)
