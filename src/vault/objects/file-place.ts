/**
 * How bytes get their name in a tree of files: a temporary file with a running SHA-256, fsync, link, fsync of the folder.
 * What is kept twice is decided by the link below `objects/`; the one below `copies/` follows it.
 */

import { dirname, join } from 'node:path'
import { BackupError, systemCodeOf } from '../../base/errors.ts'
import type { DurableFolders } from './durable-folders.ts'
import type { FileCalls } from './file-calls.ts'
import { checkFile, openIfThere, readAheadBytes, type CheckedFile } from './file-check.ts'
import { statFile } from './file-tree.ts'
import { hashInKey, isKeptTwice } from './keys.ts'
import type { ByteSource, ExpectedBytes } from './object-store.ts'
import { temporaryPath, writeTemporaries, type WrittenBytes } from './temporary-files.ts'

export interface Tree {
  readonly calls: FileCalls
  readonly folders: DurableFolders
  /** Absolute, `objects/` first. */
  readonly roots: readonly [string, string]
  readonly temporary: string
}

export interface Target {
  readonly key: string
  readonly expected: ExpectedBytes
}

/** @throws BackupError `hash-mismatch`, `already-exists`, `damaged` */
export async function createInTree(
  tree: Tree,
  target: Target,
  source: ByteSource,
): Promise<'created' | 'exists'> {
  const { key } = target
  const expected = { ...target.expected, sha256: target.expected.sha256 ?? hashInKey(key) }
  const temporaries = pathsOf(tree, key).map(() => temporaryPath(tree.temporary))
  try {
    const written = await writeTemporaries(temporaries, source, { calls: tree.calls, expected })
    await checkOwnSum(key, temporaries[0])
    return await place(tree, key, { written, temporaries })
  } finally {
    for (const temporary of temporaries) await tree.calls.remove(temporary)
  }
}

/** A record has to end in its own sum, or it would count as damaged from then on. */
async function checkOwnSum(key: string, temporary: string | undefined): Promise<void> {
  if (hashInKey(key) !== undefined || temporary === undefined) return
  const stored = await checkFile(temporary, key)
  if (stored?.sound === true) return
  throw new BackupError('hash-mismatch', 'The bytes do not end in the SHA-256 of what precedes it.')
}

interface Ready {
  readonly written: WrittenBytes
  /** One for each place, in their order. */
  readonly temporaries: readonly string[]
}

/** Gives written files their names, and makes the names durable. */
async function place(tree: Tree, key: string, ready: Ready): Promise<'created' | 'exists'> {
  const [original, copy] = pathsOf(tree, key)
  const [temporary, temporaryCopy] = ready.temporaries
  if (original === undefined || temporary === undefined) throw new Error('A file has no place.')
  await tree.folders.ensure(dirname(original))
  await bringBack(tree, key)
  const made = await linkNew(tree, temporary, original)
  if (!made) await settle(tree, key, { written: ready.written, temporary })
  await tree.calls.syncDirectory(dirname(original))
  if (copy !== undefined && temporaryCopy !== undefined) {
    await placeCopy(tree, key, { written: ready.written, temporary: temporaryCopy })
  }
  return made ? 'created' : 'exists'
}

interface ReadyFile {
  readonly written: WrittenBytes
  readonly temporary: string
}

async function placeCopy(tree: Tree, key: string, ready: ReadyFile): Promise<void> {
  const copy = join(tree.roots[1], key)
  await tree.folders.ensure(dirname(copy))
  if (!(await linkNew(tree, ready.temporary, copy))) {
    const stored = await checkFile(copy, key)
    if (stored?.sha256 !== ready.written.sha256) await tree.calls.rename(ready.temporary, copy)
  }
  await tree.calls.syncDirectory(dirname(copy))
}

/** The name is taken: by the same bytes, by damaged ones that these replace, or by others, which stay. */
async function settle(tree: Tree, key: string, ready: ReadyFile): Promise<void> {
  const original = join(tree.roots[0], key)
  const found = await checkFile(original, key)
  if (found?.sha256 === ready.written.sha256) return
  if (found?.sound !== true && hashInKey(key) !== undefined) {
    await tree.calls.rename(ready.temporary, original)
    return
  }
  const stored = found?.sound === true ? found : await heal(tree, key)
  if (stored.sha256 === ready.written.sha256) return
  throw new BackupError('already-exists', `${key} is there already, with other bytes.`)
}

async function linkNew(tree: Tree, path: string, newPath: string): Promise<boolean> {
  try {
    await tree.calls.link(path, newPath)
    return true
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** A record whose original is lost is decided by its copy; content-addressed bytes decide themselves. */
async function bringBack(tree: Tree, key: string): Promise<void> {
  if (hashInKey(key) !== undefined) return
  if ((await statFile([tree.roots[0]], key)) !== undefined) return
  if ((await statFile([tree.roots[1]], key)) !== undefined) await heal(tree, key)
}

/**
 * Replaces a damaged or missing original by its sound copy; returns what then is there.
 * @throws BackupError `damaged` if the copy is no better
 */
export async function heal(tree: Tree, key: string): Promise<CheckedFile> {
  const original = join(tree.roots[0], key)
  const copy = join(tree.roots[1], key)
  const source = await checkFile(copy, key)
  if (source?.sound !== true) throw damaged(key)
  await tree.folders.ensure(dirname(original))
  await copyFile(tree, { path: copy, newPath: original, expected: source })
  return source
}

export interface FileCopy {
  readonly path: string
  readonly newPath: string
  readonly expected: CheckedFile
}

/** Durable under the new name, whatever bore it, when it returns. @throws BackupError `hash-mismatch` where the bytes changed meanwhile */
export async function copyFile(tree: Tree, { path, newPath, expected }: FileCopy): Promise<void> {
  const handle = await openIfThere(path)
  if (handle === undefined) return
  const temporary = temporaryPath(tree.temporary)
  try {
    const body = handle.createReadStream({ autoClose: false, highWaterMark: readAheadBytes })
    await writeTemporaries([temporary], body, { calls: tree.calls, expected })
    await tree.calls.rename(temporary, newPath)
    await tree.calls.syncDirectory(dirname(newPath))
  } finally {
    await handle.close()
    await tree.calls.remove(temporary)
  }
}

/** Where a key's bytes lie, the deciding place first. */
export const pathsOf = (tree: Tree, key: string): readonly string[] =>
  tree.roots.slice(0, isKeptTwice(key) ? 2 : 1).map((root) => join(root, key))

const damaged = (key: string): BackupError =>
  new BackupError('damaged', `${key} is damaged, and so is its copy.`, { facts: { key } })
