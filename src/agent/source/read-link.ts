/** Reads where a symbolic link points to. */

import { readlinkSync } from 'node:fs'
import { bufferOf } from '../../base/bytes.ts'

/** The target's bytes as they are. Throws Node's errors. */
export const readLinkTarget = (path: Uint8Array): Buffer =>
  readlinkSync(bufferOf(path), { encoding: 'buffer' })
