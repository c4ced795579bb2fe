/** What its owner marked as not worth a backup: `chattr +d`. */

import { closeSync } from 'node:fs'
import { systemCalls } from '../system/open.ts'
import type { FileFacts } from './facts.ts'
import { openWithoutTrace } from './open-file.ts'
import { reaching } from './reach.ts'

/** False where that can not be told: what may be wanted is kept. */
export function isMarkedNodump(path: Uint8Array, { kind }: FileFacts): boolean {
  if (kind !== 'file' && kind !== 'directory') return false
  try {
    const fd = reaching(path, openWithoutTrace)
    try {
      return systemCalls().isNodump(fd)
    } finally {
      closeSync(fd)
    }
  } catch {
    return false
  }
}
