/** Paths from a file, or from standard input for `-`: one a line or, where there is a NUL, each ended by one. */

import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { BackupError } from '../../base/errors.ts'
import { toDisplay } from '../../model/path-text.ts'
import type { Host } from './context.ts'

/** As `parsePath` takes them. @throws BackupError `usage` */
export async function readPathList(host: Host, file: string): Promise<string[]> {
  const bytes = file === '-' ? await buffer(host.stdin) : await contentOf(file)
  const paths = splitAt(bytes, bytes.includes(0) ? 0 : newline)
  if (paths.length === 0) throw new BackupError('usage', `There is no path in ${file}.`)
  return paths.map((path) => toDisplay(path))
}

const newline = 0x0a

async function contentOf(file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (cause) {
    throw new BackupError('usage', `The list ${file} can not be read.`, { cause })
  }
}

function splitAt(bytes: Buffer, end: number): Buffer[] {
  const parts: Buffer[] = []
  for (let from = 0; from < bytes.length;) {
    const found = bytes.indexOf(end, from)
    const to = found < 0 ? bytes.length : found
    if (to > from) parts.push(bytes.subarray(from, to))
    from = to + 1
  }
  return parts
}
