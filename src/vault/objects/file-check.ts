/** Whether a stored file is what was written: content-addressed ones are named by their hash, records end in it. */

import { createHash } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'
import { systemCodeOf } from '../../base/errors.ts'
import { hashInKey } from './keys.ts'

export interface CheckedFile {
  readonly sizeBytes: number
  /** Of all bytes, hexadecimal. */
  readonly sha256: string
  /** The bytes agree with the name, or with the sum at their end. */
  readonly sound: boolean
}

export const readAheadBytes = 256 * 1024
const sumBytes = 32

/** Reads a file once, in bounded memory; undefined if there is none. */
export async function checkFile(path: string, key: string): Promise<CheckedFile | undefined> {
  const handle = await openIfThere(path)
  if (handle === undefined) return undefined
  try {
    return await checkHandle(handle, hashInKey(key))
  } finally {
    await handle.close()
  }
}

async function checkHandle(handle: FileHandle, named: string | undefined): Promise<CheckedFile> {
  const { size: sizeBytes } = await handle.stat()
  const hash = createHash('sha256')
  const buffer = new Uint8Array(readAheadBytes)
  const body = await hashUpTo({ handle, hash, buffer }, 0, Math.max(0, sizeBytes - sumBytes))
  const bodySum = hash.copy().digest('hex')
  const end = await hashUpTo({ handle, hash, buffer }, body, sizeBytes)
  const sha256 = hash.digest('hex')
  const ownSum = Buffer.from(buffer.subarray(0, sumBytes)).toString('hex')
  const sound = end === sizeBytes && (named === undefined ? ownSum === bodySum : named === sha256)
  return { sizeBytes, sha256, sound: sound && sizeBytes > (named === undefined ? sumBytes : 0) }
}

interface Reading {
  readonly handle: FileHandle
  readonly hash: ReturnType<typeof createHash>
  readonly buffer: Uint8Array
}

/** Hashes bytes [from, to); returns how far it came. What it read last lies at the buffer's beginning. */
async function hashUpTo(reading: Reading, from: number, to: number): Promise<number> {
  let at = from
  while (at < to) {
    const wanted = Math.min(reading.buffer.length, to - at)
    const { bytesRead } = await reading.handle.read(reading.buffer, 0, wanted, at)
    if (bytesRead === 0) break
    reading.hash.update(reading.buffer.subarray(0, bytesRead))
    at += bytesRead
  }
  return at
}

/** Opens for reading; undefined if there is no such file. */
export async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT' || systemCodeOf(error) === 'ENOTDIR') return undefined
    throw error
  }
}
