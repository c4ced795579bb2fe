/** Reaches paths that are longer than a system call takes, through open directories (Linux). */

import { closeSync, constants, openSync } from 'node:fs'
import { bufferOf } from '../../base/bytes.ts'

/** Linux's PATH_MAX, the NUL at the end included. */
const longestBytes = 4096
/** Linux's O_PATH: nothing is read from what is opened, so that it need not be readable. */
export const openPath = 0o10000000
const slash = 0x2f

/**
 * Calls `use` with a path that leads to the same place and is short enough; it is good until `use` returns. Elsewhere
 * the path itself: what is too long there is refused by the system (`ENAMETOOLONG`) and listed.
 */
export function reaching<T>(path: Uint8Array, use: (reachable: Buffer) => T): T {
  if (path.length < longestBytes || process.platform !== 'linux') return use(bufferOf(path))
  let directory: number | undefined
  let rest = bufferOf(path)
  try {
    for (;;) {
      const start = directory === undefined ? '' : `/proc/self/fd/${directory}`
      const room = longestBytes - 1 - start.length
      if (rest.length <= room) return use(Buffer.concat([Buffer.from(start), rest]))
      const cut = rest.lastIndexOf(slash, room)
      const piece = Buffer.concat([Buffer.from(start), rest.subarray(0, cut)])
      const next = openSync(piece, openPath | constants.O_DIRECTORY | constants.O_NOFOLLOW)
      if (directory !== undefined) closeSync(directory)
      directory = next
      rest = rest.subarray(cut)
    }
  } finally {
    if (directory !== undefined) closeSync(directory)
  }
}
