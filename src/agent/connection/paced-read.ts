/**
 * Bytes from the vault no faster than the line may go. What was asked for comes at the speed of the line, and what the
 * kernels hold between can be megabytes: so no more is asked for at once than a quarter of a second's worth, and each
 * part only in its turn.
 */

import { BackupError } from '../../base/errors.ts'
import { concatBytes } from '../../base/bytes.ts'
import type { ByteRange } from '../../repository/connection.ts'
import type { Http } from './http.ts'
import type { Throttle } from './throttle.ts'

export interface Reading {
  readonly path: string
  /** Undefined: all of it. */
  readonly range?: ByteRange
  readonly maxBytes: number
  readonly throttle?: Throttle | undefined
  readonly signal?: AbortSignal | undefined
}

export async function readPaced(http: Http, reading: Reading): Promise<Uint8Array> {
  const { range, maxBytes, throttle } = reading
  const parts: Uint8Array[] = []
  let [at, end] = [range?.start ?? 0, range?.end ?? Infinity]
  while (at < end) {
    const rate = throttle?.rate('download') ?? null
    if (rate === null && at === 0 && range === undefined) {
      return (await http.send({ method: 'GET', path: reading.path, maxBytes })).bytes
    }
    const wanted = { start: at, end: Math.min(end, at + (rate === null ? maxBytes : askFor(rate))) }
    const { bytes, totalBytes } = await readPart(http, reading, wanted)
    if (bytes.length === 0) throw new BackupError('malformed', 'The vault answers with no bytes.')
    parts.push(bytes)
    at += bytes.length
    end = Math.min(end, totalBytes)
    if (at - (range?.start ?? 0) > maxBytes) {
      throw new BackupError('malformed', `The vault's answer has more than ${maxBytes} bytes.`)
    }
  }
  const [only] = parts
  return only !== undefined && parts.length === 1 ? only : concatBytes(...parts)
}

const leastAskedFor = 16 * 1024

const askFor = (rate: number): number => Math.max(Math.floor(rate / 4), leastAskedFor)

async function readPart(
  http: Http,
  { path, throttle, signal }: Reading,
  { start, end }: ByteRange,
): Promise<{ readonly bytes: Uint8Array; readonly totalBytes: number }> {
  const length = end - start
  await throttle?.take('download', length, signal)
  const answer = await http.send({
    method: 'GET',
    path,
    headers: { range: `bytes=${start}-${end - 1}` },
    maxBytes: length,
    isPaid: true,
  })
  throttle?.give('download', length - answer.bytes.length)
  const [, total] = /^bytes \d+-\d+\/(\d{1,15})$/.exec(answer.contentRange ?? '') ?? []
  if (answer.status !== 206 || total === undefined) {
    throw new BackupError('malformed', "The vault's answer is not the range that was asked for.")
  }
  return { bytes: answer.bytes, totalBytes: Number(total) }
}
