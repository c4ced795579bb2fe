/** Indexes as the vault keeps them, each under its id: what a run has fetched or written, the next need not fetch. */

import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toHex, type RandomBytes } from '../../base/bytes.ts'
import { systemCodeOf } from '../../base/errors.ts'
import { sha256 } from '../../base/hash.ts'
import type { ObjectId } from '../../model/ids.ts'

export interface IndexFiles {
  /** The stored bytes; fetched where there is no good copy. */
  readonly load: (id: ObjectId, fetch: () => Promise<Uint8Array>) => Promise<Uint8Array>
  keep(id: ObjectId, bytes: Uint8Array): Promise<void>
  /** Forgets all but these. */
  retain(ids: ReadonlySet<ObjectId>): Promise<void>
}

/** A disk that is full, or a folder that can not be written, costs time and nothing else. */
export function openIndexFiles(directory: string, random: RandomBytes): IndexFiles {
  const keep = async (id: ObjectId, bytes: Uint8Array) => {
    const temporary = join(directory, `.tmp-${toHex(random(8))}`)
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      await writeFile(temporary, bytes, { mode: 0o600, flag: 'wx' })
      await rename(temporary, join(directory, id))
    } catch (error) {
      if (systemCodeOf(error) === undefined) throw error
      await orUndefined(rm(temporary, { force: true }))
    }
  }
  return {
    keep,
    load: async (id, fetch) => {
      const kept = await orUndefined(readFile(join(directory, id)))
      if (kept !== undefined && toHex(sha256(kept)) === id) return Uint8Array.from(kept)
      const bytes = await fetch()
      await keep(id, bytes)
      return bytes
    },
    retain: async (ids) => {
      const names = (await orUndefined(readdir(directory))) ?? []
      const held: ReadonlySet<string> = ids
      for (const name of names) {
        if (!held.has(name)) await orUndefined(rm(join(directory, name), { force: true }))
      }
    },
  }
}

async function orUndefined<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (systemCodeOf(error) === undefined) throw error
    return undefined
  }
}
