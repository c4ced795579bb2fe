/** Directories of caches, by the Cache Directory Tagging specification. */

import { ascii, equalBytes } from '../../base/bytes.ts'
import { joinPath } from '../../model/path.ts'
import { openForReading } from './open-file.ts'

export const cacheTagName = 'CACHEDIR.TAG'

const signature = ascii('Signature: 8a477f597d28d172789f06886e26ec55')

/** Whether the directory has a tag that begins as it has to; one that can not be read is none. */
export function hasCacheTag(directory: Uint8Array): boolean {
  const beginning = readBeginning(joinPath(directory, ascii(cacheTagName)), signature.length)
  return beginning !== undefined && equalBytes(beginning, signature)
}

/** At most so many bytes of a regular file; undefined where it can not be read. */
export function readBeginning(path: Uint8Array, mostBytes: number): Uint8Array | undefined {
  try {
    const file = openForReading(path)
    try {
      const into = new Uint8Array(mostBytes)
      let length = 0
      for (let read = -1; read !== 0 && length < mostBytes; length += read) {
        read = file.read(into.subarray(length))
      }
      return into.subarray(0, length)
    } finally {
      file.close()
    }
  } catch {
    return undefined
  }
}
