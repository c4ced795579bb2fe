/**
 * The packs that the vault has acknowledged but no index lists yet, so that a run after a kill knows their chunks without
 * asking. Disposable: what it has lost is read from the vault. It holds header and sealed directory of each pack.
 */

import { appendFile, mkdir, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { concatBytes, equalBytes, readU32, u32 } from '../../base/bytes.ts'
import { systemCodeOf } from '../../base/errors.ts'
import { sha256 } from '../../base/hash.ts'
import { idBytes, objectIdOf, type ObjectId } from '../../model/ids.ts'

export interface JournalEntry {
  readonly id: ObjectId
  /** Header (64 bytes) and sealed directory as stored. */
  readonly head: Uint8Array
}

export interface PackJournal {
  append(entry: JournalEntry): Promise<void>
  /** What a run left behind; a torn end is dropped. */
  read(): Promise<readonly JournalEntry[]>
  clear(): Promise<void>
}

const sumLength = 32
const idLength = 32

/** Entries are `u32 length of head ‖ id ‖ head ‖ SHA-256 of all before`. */
export function openPackJournal(path: string): PackJournal {
  return {
    append: async ({ id, head }) => {
      const body = concatBytes(u32(head.length), idBytes(id), head)
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      await appendFile(path, concatBytes(body, sha256(body)), { mode: 0o600 })
    },
    read: async () => parse(await readOrNothing(path)),
    clear: () => rm(path, { force: true }),
  }
}

async function readOrNothing(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return new Uint8Array(0)
    throw error
  }
}

function parse(bytes: Uint8Array): JournalEntry[] {
  const entries: JournalEntry[] = []
  let at = 0
  while (at + 4 + idLength + sumLength <= bytes.length) {
    const end = at + 4 + idLength + readU32(bytes, at)
    if (end + sumLength > bytes.length) break
    const sum = sha256(bytes.subarray(at, end))
    if (!equalBytes(sum, bytes.subarray(end, end + sumLength))) break
    const head = bytes.slice(at + 4 + idLength, end)
    entries.push({ id: objectIdOf(bytes.subarray(at + 4, at + 4 + idLength)), head })
    at = end + sumLength
  }
  return entries
}
