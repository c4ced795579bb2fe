/** A file as stretches of data and of holes, so that holes need not be read. */

import type { SourceFile } from './open-file.ts'

export interface Stretch {
  readonly kind: 'data' | 'hole'
  readonly start: number
  /** Infinity: to the end of the file, wherever that is. */
  readonly end: number
}

/** Shorter holes are read as the zeros that they are: cuts around them would cost more than they save. */
export const leastHoleBytes = 1024 * 1024

const wholeFile: readonly Stretch[] = [{ kind: 'data', start: 0, end: Infinity }]

/** Back to back from 0 on, data and holes by turns, to the end that the file had when it was opened. */
export function stretchesOf(file: SourceFile): readonly Stretch[] {
  const { sizeBytes } = file.opened
  if (!file.isSparse || sizeBytes < leastHoleBytes) return wholeFile
  const stretches: Stretch[] = []
  let dataStart = 0
  for (let at = 0; at < sizeBytes;) {
    const data = file.nextData(at) ?? { start: sizeBytes, end: sizeBytes }
    const start = Math.min(data.start, sizeBytes)
    if (start - at >= leastHoleBytes) {
      if (at > dataStart) stretches.push({ kind: 'data', start: dataStart, end: at })
      stretches.push({ kind: 'hole', start: at, end: start })
      dataStart = start
    }
    at = Math.min(data.end, sizeBytes)
  }
  // Behind the last hole: the rest, also what comes to it while it is read.
  if (sizeBytes > dataStart) stretches.push({ kind: 'data', start: dataStart, end: Infinity })
  return stretches
}
