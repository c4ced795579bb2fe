/** What is in the memory of a process (Linux): every page that it can write to. */

import { closeSync, openSync, readFileSync, readSync } from 'node:fs'

const stepBytes = 8 * 1024 * 1024
/** Address space that is reserved and never used is larger than this. */
const mostBytes = 2 ** 31

/** Which of the secrets are there, by name. The process should be at rest. */
export function foundInMemory(
  pid: number,
  secrets: Readonly<Record<string, readonly Buffer[]>>,
): ReadonlySet<string> {
  const found = new Set<string>()
  const longest = Math.max(...Object.values(secrets).flatMap((forms) => forms.map((f) => f.length)))
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  try {
    for (const part of partsOf(memory, writableRanges(pid), longest)) {
      for (const [name, forms] of Object.entries(secrets)) {
        if (forms.some((form) => part.includes(form))) found.add(name)
      }
    }
    return found
  } finally {
    closeSync(memory)
  }
}

interface Range {
  readonly start: number
  readonly end: number
}

const writableRanges = (pid: number): Range[] =>
  readFileSync(`/proc/${pid}/maps`, 'ascii')
    .split('\n')
    .flatMap((line) => {
      const [, start = '', end = ''] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? []
      const range = { start: parseInt(start, 16), end: parseInt(end, 16) }
      return range.end - range.start <= mostBytes ? [range] : []
    })

/** Parts overlap, so that nothing lies across the seam of two. */
function* partsOf(memory: number, ranges: readonly Range[], overlap: number): Generator<Buffer> {
  const buffer = Buffer.alloc(stepBytes)
  for (const { start, end } of ranges) {
    for (let at = start; at < end; at += stepBytes - overlap) {
      const length = readOrNothing(memory, buffer.subarray(0, Math.min(stepBytes, end - at)), at)
      yield buffer.subarray(0, length)
    }
  }
}

function readOrNothing(memory: number, buffer: Buffer, at: number): number {
  try {
    return readSync(memory, buffer, 0, buffer.length, at)
  } catch {
    // It was given back meanwhile.
    return 0
  }
}
