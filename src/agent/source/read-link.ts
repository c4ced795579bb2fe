/** Reads where a symbolic link points to. */

import { readlinkSync } from 'node:fs'
import { reaching } from './reach.ts'

/** The target's bytes as they are. Throws Node's errors. */
export const readLinkTarget = (path: Uint8Array): Buffer =>
  reaching(path, (reachable) => readlinkSync(reachable, { encoding: 'buffer' }))
