/**
 * Files whose old content must not stay behind: it is overwritten in its place before it is given up. A file system that
 * copies on write, and a disk that spreads its writes, may keep it all the same.
 */

import { link, lstat, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemRandom, toHex } from './bytes.ts'
import { systemCodeOf } from './errors.ts'
import { exists, syncDirectory } from './files.ts'

/** Another name of what is being replaced: found again when the process was killed in between. */
const formerName = (path: string): string => `${path}.former`

/** What it becomes; a name that can be found again, not a random one. */
const nextName = (path: string): string => `${path}.next`

/** As `replaceFile`, mode 0600. */
export async function replaceSecretFile(path: string, bytes: Uint8Array): Promise<void> {
  await finishReplacing(path)
  await destroyNext(path)
  if (await exists(path)) await nameFormer(path)
  await writeNext(path, bytes)
  await rename(nextName(path), path)
  await syncDirectory(dirname(path))
  await finishReplacing(path)
}

async function writeNext(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(nextName(path), 'wx', 0o600)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** It is taken away by its name first: whoever is about to rename it fails, and does not get zeros. */
async function destroyNext(path: string): Promise<void> {
  const taken = `${nextName(path)}-${toHex(systemRandom(8))}`
  try {
    await rename(nextName(path), taken)
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return
    throw error
  }
  await destroyFile(taken)
}

/** Overwrites and removes it, and what an interrupted replacement left. Nothing there: no matter. */
export async function destroySecretFile(path: string): Promise<void> {
  await finishReplacing(path)
  await destroyNext(path)
  await destroyFile(path)
}

/** What a replacement that was interrupted has left behind. */
export async function finishReplacing(path: string): Promise<void> {
  const former = formerName(path)
  if (!(await exists(former))) return
  // Before the new file had its name: the former one is still in use.
  if (await isSameFile(former, path)) await rm(former, { force: true })
  else await destroyFile(former)
}

/** Without hard links the old content is overwritten by nobody. */
async function nameFormer(path: string): Promise<void> {
  try {
    await link(path, formerName(path))
  } catch (error) {
    if (systemCodeOf(error) === undefined) throw error
  }
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  if (!(await exists(b))) return false
  const [left, right] = [await lstat(a, { bigint: true }), await lstat(b, { bigint: true })]
  return left.dev === right.dev && left.ino === right.ino
}

export async function destroyFile(path: string): Promise<void> {
  if (!(await exists(path))) return
  if ((await lstat(path)).isFile()) {
    const file = await open(path, 'r+')
    try {
      const { size } = await file.stat()
      await file.write(new Uint8Array(size), 0, size, 0)
      await file.sync()
    } finally {
      await file.close()
    }
  }
  await rm(path, { force: true })
}
