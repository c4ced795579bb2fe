/** A log of runs that nobody watches: plain text in the state directory, five files of at most 1 MiB. */

import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { Writable } from 'node:stream'
import { systemCodeOf } from '../../base/errors.ts'

const maxBytes = 1024 * 1024
const kept = 5

/** A stream that writes to `stream` and, each line with the time, to the file. A log that can not be written is no reason to fail. */
export function withLogFile(stream: Writable, path: string, now: () => number): Writable {
  let begun = ''
  // Nobody may be there to read any more: the log goes on.
  stream.on('error', () => undefined)
  const log = (text: string) => {
    const lines = (begun + text).split('\n')
    begun = lines.pop() ?? ''
    for (const line of lines) writeLine(path, `${new Date(now()).toISOString()} ${line}\n`)
  }
  return new Writable({
    decodeStrings: false,
    write: (chunk: string | Buffer, _encoding, done) => {
      log(String(chunk))
      stream.write(chunk, () => done())
    },
  })
}

function writeLine(path: string, line: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    if (sizeOf(path) + Buffer.byteLength(line) > maxBytes) rotate(path)
    appendFileSync(path, line, { mode: 0o600 })
  } catch {
    // What is to be said goes to standard error as well.
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

/** `backup.log` becomes `backup.log.1`, and so on; the oldest goes. */
function rotate(path: string): void {
  for (let number = kept - 1; number >= 1; number--) {
    const from = number === 1 ? path : `${path}.${number - 1}`
    try {
      renameSync(from, `${path}.${number}`)
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT') throw error
    }
  }
}
