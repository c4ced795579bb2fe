/** Files that survive a power cut, and files read with a bound. */

import { constants } from 'node:fs'
import { link, lstat, mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { BackupError, systemCodeOf } from './errors.ts'
import { systemRandom, toHex } from './bytes.ts'

/** Makes a directory's entries durable. Windows can not open directories for this: nothing to do there. */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(path, constants.O_RDONLY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Creates a directory and its parents, each new entry durable. */
export async function makeDirectoryDurable(path: string, mode = 0o700): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode })
  if (first === undefined) return
  for (let made = path; ; made = dirname(made)) {
    await syncDirectory(dirname(made))
    if (made === first || dirname(made) === made) return
  }
}

const temporaryName = (path: string): string =>
  join(dirname(path), `.tmp-${toHex(systemRandom(8))}`)

async function writeTemporary(path: string, bytes: Uint8Array, mode: number): Promise<string> {
  const temporary = temporaryName(path)
  const handle = await open(temporary, 'wx', mode)
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } catch (error) {
    await handle.close()
    await rm(temporary, { force: true })
    throw error
  }
  await handle.close()
  return temporary
}

/** Replaces a file: readers see the old bytes or the new ones, also after a power cut. */
export async function replaceFile(path: string, bytes: Uint8Array, mode = 0o600): Promise<void> {
  const temporary = await writeTemporary(path, bytes, mode)
  try {
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncDirectory(dirname(path))
}

/** Creates a file if there is none: true when it was made, false when the name was taken. Durable either way. */
export async function createFile(path: string, bytes: Uint8Array, mode = 0o600): Promise<boolean> {
  const temporary = await writeTemporary(path, bytes, mode)
  try {
    await link(temporary, path)
    return true
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return false
    throw error
  } finally {
    await rm(temporary, { force: true })
    await syncDirectory(dirname(path))
  }
}

/** A FIFO without a writer must not hold the program. Windows lacks the flag, which the types do not tell. */
const readWithoutWaiting =
  constants.O_RDONLY | ((constants as Partial<typeof constants>).O_NONBLOCK ?? 0)

/**
 * Reads a regular file of at most `maxBytes`.
 * @throws BackupError `file-unreadable` for directories, devices, larger files and failed reads.
 */
export async function readBounded(
  path: string,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  let handle: FileHandle | undefined
  try {
    handle = await open(path, readWithoutWaiting)
    const facts = await handle.stat()
    if (facts.isDirectory()) throw unreadable(path, 'it is a directory')
    if (!facts.isFile()) throw unreadable(path, 'it is not a regular file')
    if (facts.size > maxBytes) {
      throw unreadable(path, `it has ${facts.size} bytes, at most ${maxBytes} are expected`)
    }
    return await readAtMost(handle, { maxBytes, expectedBytes: facts.size }, path)
  } catch (error) {
    if (error instanceof BackupError) throw error
    const why = systemCodeOf(error) === 'ENOENT' ? 'there is no such file' : String(error)
    throw unreadable(path, why, error)
  } finally {
    await handle?.close()
  }
}

/** Memory for what may be there costs as much as what is there: a file that grows meanwhile gets more. */
async function readAtMost(
  handle: FileHandle,
  { maxBytes, expectedBytes }: { readonly maxBytes: number; readonly expectedBytes: number },
  path: string,
): Promise<Uint8Array<ArrayBuffer>> {
  let buffer = new Uint8Array(expectedBytes + 1)
  let length = 0
  while (length <= maxBytes) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length)
    if (bytesRead === 0) return buffer.slice(0, length)
    length += bytesRead
    if (length < buffer.length) continue
    const larger = new Uint8Array(Math.min(length * 2, maxBytes) + 1)
    larger.set(buffer)
    buffer = larger
  }
  throw unreadable(path, `it has more than ${maxBytes} bytes`)
}

const unreadable = (path: string, why: string, cause?: unknown): BackupError =>
  new BackupError('file-unreadable', `Cannot read ${path}: ${why}.`, { cause })

/** Whether anyone but the owner can read the file. Always false on Windows, where modes say nothing. */
export async function isOpenToOthers(path: string): Promise<boolean> {
  if (process.platform === 'win32') return false
  const handle = await open(path, readWithoutWaiting)
  try {
    return ((await handle.stat()).mode & 0o077) !== 0
  } finally {
    await handle.close()
  }
}

/** Whether something bears that name; links are not followed. */
export async function exists(path: string | Buffer): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT' || systemCodeOf(error) === 'ENOTDIR') return false
    throw error
  }
}

/**
 * Reads a file that holds a secret.
 * @throws BackupError `file-permissions` where others than the owner can read it, `file-unreadable`
 */
export async function readSecretFile(
  path: string,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readBounded(path, maxBytes)
  if (!(await isOpenToOthers(path))) return bytes
  throw new BackupError('file-permissions', `${path} can be read by others than its owner.`, {
    hint: `Run: chmod 600 ${path}`,
  })
}
