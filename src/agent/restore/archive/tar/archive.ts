/** A tar archive that is written as it grows: tar-stream makes its headers and padding, and waits for whoever takes the bytes. */

import type { Pack } from 'tar-stream'
import { writeStream, type WriteBytes } from '../write-bytes.ts'
import type { PlainHeader } from './header.ts'
import { blockBytes, paddedBytes, paxHeader, type PaxRecord } from './pax.ts'

export interface TarArchive {
  /** The content must have the length that the header names. */
  add(
    header: PlainHeader,
    records: readonly PaxRecord[],
    content: AsyncIterable<Uint8Array>,
  ): Promise<void>
}

/** What may lie between the maker and the writer, besides the chunk in hand. */
const mostWaitingBytes = 1024 * 1024

/** Ends when all is written, or with the first failure, of `fill` or of `write`. */
export async function writeArchive(
  write: WriteBytes,
  fill: (archive: TarArchive) => Promise<void>,
): Promise<void> {
  const { pack } = await import('tar-stream')
  const stream = pack()
  // Failures come out of both loops below; without listeners they would end the process too.
  stream.on('error', () => undefined)
  const flow = createFlow()
  const [taken, filled] = await Promise.allSettled([
    take(stream, write, flow),
    fillStream(stream, flow, fill),
  ])
  // A failed writer destroys the stream, which fails the filling in a way that tells nothing.
  if (taken.status === 'rejected') throw taken.reason
  if (filled.status === 'rejected') throw filled.reason
}

async function fillStream(
  stream: Pack,
  flow: Flow,
  fill: (archive: TarArchive) => Promise<void>,
): Promise<void> {
  try {
    await fill({ add: (...entry) => addEntry(stream, flow, entry) })
    stream.finalize()
  } catch (error) {
    stream.destroy(error instanceof Error ? error : new Error(String(error)))
    throw error
  }
}

async function addEntry(
  stream: Pack,
  flow: Flow,
  [header, records, content]: Parameters<TarArchive['add']>,
): Promise<void> {
  const before = paxHeader(records)
  stream.push(before)
  flow.give(before.length + blockBytes + paddedBytes(header.size))
  const { sink, ended } = openEntry(stream, header)
  let missingBytes = header.size
  for await (const bytes of content) {
    sink.write(bytes)
    missingBytes -= bytes.length
    await flow.passed(missingBytes)
  }
  sink.end(null)
  await ended
  await flow.passed(0)
}

function openEntry(stream: Pack, header: PlainHeader) {
  let settle: (error?: Error | null) => void = () => undefined
  const ended = new Promise<void>((resolve, reject) => {
    settle = (error) => {
      if (error instanceof Error) reject(error)
      else resolve()
    }
  })
  // It may fail while somebody waits for the flow, who fails too.
  ended.catch(() => undefined)
  const sink = stream.entry({ ...header }, (error) => {
    settle(error)
  })
  sink.on('error', () => undefined)
  return { sink, ended }
}

async function take(stream: Pack, write: WriteBytes, flow: Flow): Promise<void> {
  try {
    await writeStream(stream as AsyncIterable<Uint8Array>, write, (bytes) => {
      flow.take(bytes)
    })
  } finally {
    flow.end()
  }
}

/** Counts what went in and what came out. */
interface Flow {
  give(bytes: number): void
  take(bytes: number): void
  /** Nothing is taken any more. */
  end(): void
  /** Waits until little is in between, when this much of what was announced is still to come. */
  passed(missingBytes: number): Promise<void>
}

function createFlow(): Flow {
  let betweenBytes = 0
  let hasEnded = false
  let wake: () => void = () => undefined
  return {
    give: (bytes) => {
      betweenBytes += bytes
    },
    take: (bytes) => {
      betweenBytes -= bytes
      wake()
    },
    end: () => {
      hasEnded = true
      wake()
    },
    passed: async (missingBytes) => {
      while (betweenBytes - missingBytes > mostWaitingBytes) {
        if (hasEnded) throw new Error('The archive is written no further.')
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}
