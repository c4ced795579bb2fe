/** Files on their way into a store: written and synced under a name of their own, then linked, then forgotten. */

import { createHash } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { BackupError, systemCodeOf } from '../../base/errors.ts'
import { systemRandom, toHex } from '../../base/bytes.ts'
import { dayMs } from '../../base/clock.ts'
import type { FileCalls, NewFile } from './file-calls.ts'
import type { ByteSource, ExpectedBytes } from './object-store.ts'

export interface WrittenBytes {
  readonly sizeBytes: number
  /** Hexadecimal. */
  readonly sha256: string
}

export const temporaryPath = (folder: string): string => join(folder, toHex(systemRandom(16)))

/**
 * Writes the source to new files, hashing on the way, and syncs them: what they hold is durable, only a name is missing.
 * Whoever calls removes the files, also after a failure: a failed fsync says nothing about the pages, so they are never used.
 * @throws BackupError `hash-mismatch`
 */
export async function writeTemporaries(
  paths: readonly string[],
  source: ByteSource,
  context: { readonly calls: FileCalls; readonly expected: ExpectedBytes },
): Promise<WrittenBytes> {
  const files: NewFile[] = []
  try {
    for (const path of paths) files.push(await context.calls.createFile(path))
    const written = await pour(source, files)
    compare(written, context.expected)
    for (const file of files) await file.sync()
    return written
  } finally {
    for (const file of files) await file.close()
  }
}

async function pour(source: ByteSource, files: readonly NewFile[]): Promise<WrittenBytes> {
  const hash = createHash('sha256')
  let sizeBytes = 0
  for await (const block of source instanceof Uint8Array ? [source] : gathered(source)) {
    hash.update(block)
    sizeBytes += block.length
    for (const file of files) await file.write(block)
  }
  return { sizeBytes, sha256: hash.digest('hex') }
}

const blockBytes = 512 * 1024

/**
 * The same bytes in larger blocks, each of use until the next is asked for: a body comes in parts of 16 KiB, and the way
 * of a write to the disk's threads and back costs more than such a write.
 */
async function* gathered(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let block: Uint8Array | undefined
  let filled = 0
  for await (const part of source) {
    for (let at = 0; at < part.length;) {
      block ??= new Uint8Array(blockBytes)
      const piece = part.subarray(at, at + block.length - filled)
      block.set(piece, filled)
      filled += piece.length
      at += piece.length
      if (filled < block.length) continue
      yield block
      filled = 0
    }
  }
  if (block !== undefined && filled > 0) yield block.subarray(0, filled)
}

function compare(written: WrittenBytes, expected: ExpectedBytes): void {
  if (expected.sizeBytes !== undefined && expected.sizeBytes !== written.sizeBytes) {
    throw mismatch(`${written.sizeBytes} bytes came, ${expected.sizeBytes} were announced`)
  }
  if (expected.sha256 !== undefined && expected.sha256 !== written.sha256) {
    throw mismatch(`the SHA-256 of what came is ${written.sha256}, not ${expected.sha256}`)
  }
}

const mismatch = (why: string): BackupError =>
  new BackupError('hash-mismatch', `The bytes changed on their way: ${why}.`, {
    hint: 'Send them again; if it goes on, look for a proxy or faulty memory.',
  })

/** Removes what a crash left over: files older than a day, which no write that still lives can own. */
export async function removeLeftovers(
  folder: string,
  nowMs: number,
  calls: FileCalls,
): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    try {
      if (nowMs - (await stat(path)).mtimeMs > dayMs) await calls.remove(path)
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT') throw error
    }
  }
}
