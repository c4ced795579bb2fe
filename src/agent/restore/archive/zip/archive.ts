/** A zip archive that is written as it grows: yazl makes its headers, compresses, and waits for whoever takes the bytes. */

import { PassThrough, Readable } from 'node:stream'
import type { ZipFile } from 'yazl'
import type { Content } from '../content.ts'
import { writeStream, type WriteBytes } from '../write-bytes.ts'
import type { ZipHeader } from './header.ts'

export interface ZipArchive {
  directory(header: ZipHeader): Promise<void>
  /** The content must have the length that the header names. */
  content(header: ZipHeader, content: Content): Promise<void>
}

/** Ends when all is written, or with the first failure, of `fill` or of `write`. */
export async function writeZip(
  write: WriteBytes,
  fill: (archive: ZipArchive) => Promise<void>,
): Promise<void> {
  const { ZipFile } = await import('yazl')
  const zip = new ZipFile()
  const out = outputOf(zip)
  // Failures come out of both promises below; without listeners they would end the process too.
  out.on('error', () => undefined)
  zip.on('error', (error: Error) => out.destroy(error))
  const flow = createFlow(out)
  const [taken, filled] = await Promise.allSettled([
    writeStream(out as AsyncIterable<Uint8Array>, write, flow.wake),
    fillZip(zip, flow, fill).catch((error: unknown) => {
      out.destroy(error instanceof Error ? error : new Error(String(error)))
      throw error
    }),
  ])
  // A failed writer destroys the stream, which fails the filling in a way that tells nothing.
  if (taken.status === 'rejected') throw taken.reason
  if (filled.status === 'rejected') throw filled.reason
}

function outputOf({ outputStream }: ZipFile): PassThrough {
  if (outputStream instanceof PassThrough) return outputStream
  throw new TypeError('yazl writes to another kind of stream than it did.')
}

/**
 * One entry after the other: yazl looks through all entries for each that ends, and calls itself for each that waits. So
 * none waits, and what is written is laid aside until the directory at the end.
 */
async function fillZip(
  zip: ZipFile,
  flow: Flow,
  fill: (archive: ZipArchive) => Promise<void>,
): Promise<void> {
  const entries = entriesOf(zip)
  const written: WrittenEntry[] = []
  const ended = async (failureOf: () => Error | undefined = () => undefined): Promise<void> => {
    for (const entry of entries.splice(0)) {
      await flow.until(() => entry.state === writtenState || failureOf() !== undefined)
      // It leads to the content, and so would every entry up to the end.
      entry.doFileDataPump = undefined
      written.push(entry)
    }
    const failure = failureOf()
    if (failure !== undefined) throw failure
    await flow.drained()
  }
  await fill({
    directory: async ({ name, options }) => {
      zip.addEmptyDirectory(name, options)
      await ended()
    },
    content: async ({ name, options, sizeBytes }, content) => {
      const source = Readable.from(pieces(content), { objectMode: true, highWaterMark: 1 })
      let failure: Error | undefined
      source.once('error', (error) => {
        failure = error
        flow.wake()
      })
      zip.addReadStream(source, name, { ...options, size: sizeBytes })
      await ended(() => failure)
    },
  })
  for (const entry of written) entries.push(entry)
  zip.end()
}

/** Of yazl's entries; not part of what it documents. */
interface WrittenEntry {
  readonly state: number
  /** What writes its content. */
  doFileDataPump: unknown
}

const writtenState = 3

function entriesOf(zip: ZipFile): WrittenEntry[] {
  if ('entries' in zip && Array.isArray(zip.entries)) return zip.entries as WrittenEntry[]
  throw new TypeError('yazl keeps its entries elsewhere than it did.')
}

/** Small enough that what lies between the threads of a compressor does not add up. */
const pieceBytes = 256 * 1024

async function* pieces(content: Content) {
  for await (const bytes of content) {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
  }
}

/** What comes out of the archive, as far as its maker has to wait for it. */
interface Flow {
  /** Something has changed. */
  readonly wake: () => void
  /** Asks again each time when something changed. */
  until(isSo: () => boolean): Promise<void>
  drained(): Promise<void>
}

function createFlow(out: PassThrough): Flow {
  let isClosed = false
  let wake: () => void = () => undefined
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) {
      if (isClosed) throw new Error('The archive is written no further.')
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  out.on('drain', () => {
    wake()
  })
  out.on('close', () => {
    isClosed = true
    wake()
  })
  return {
    until,
    wake: () => {
      wake()
    },
    drained: () => until(() => !out.writableNeedDrain),
  }
}
