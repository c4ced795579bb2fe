/** The content of a file in order: some chunks are on their way while the one before them is written. */

import { BackupError, messageOf } from '../../../base/errors.ts'
import type { FileEntry } from '../../../model/entry.ts'
import type { ChunkReference } from '../../../model/ids.ts'
import type { ChunkReader } from '../../../repository/chunk-reader.ts'
import { isPlaceFailure } from '../../../repository/place-failure.ts'
import type { TreeReader } from '../../../repository/tree-reader.ts'
import type { DirectoryItem, LeafItem } from '../plan.ts'
import type { RestoreReport } from '../report.ts'

export interface ContentSource {
  readonly tree: Pick<TreeReader, 'content'>
  readonly chunks: Pick<ChunkReader, 'load'>
}

const aheadBytes = 8 * 1024 * 1024
const aheadChunks = 8

export type Content = Iterable<Uint8Array> | AsyncIterable<Uint8Array>

interface ContentContext extends ContentSource {
  readonly report: RestoreReport
}

/** Files up to this are read before their header is written: they are left out rather than damaged. */
const mostWholeBytes = 8 * 1024 * 1024

/** What an archive holds of an entry. Rejects where a small file can not be read; of a large one the report is told. */
export function contentOf(
  { entry, path }: DirectoryItem | LeafItem,
  context: ContentContext,
): Content | Promise<Content> {
  if (entry.type !== 'file') return []
  if (entry.sizeBytes <= mostWholeBytes) return wholeContent(entry, context)
  return filledContent(entry, context, (error) => {
    context.report.failed(path, { kind: 'content' }, error)
  })
}

export async function* countedContent(content: Content, report: RestoreReport) {
  for await (const bytes of content) {
    yield bytes
    report.wrote(bytes.length)
  }
}

/** A small file, all of it. Rejects where a part can not be read. */
export async function wholeContent(
  file: FileEntry,
  source: ContentSource,
): Promise<readonly Uint8Array[]> {
  const parts: Uint8Array[] = []
  for await (const part of loadAhead(file, source)) {
    if ('error' in part) throw part.error
    parts.push(part.bytes)
  }
  return parts
}

/**
 * The content of a file whose length the archive names already: zeros stand for what can not be read. `damaged` is told
 * at the end.
 */
export async function* filledContent(
  file: FileEntry,
  source: ContentSource,
  damaged: (error: BackupError) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  let missingBytes = 0
  let first: unknown
  for await (const part of loadAhead(file, source)) {
    if ('bytes' in part) {
      yield part.bytes
      continue
    }
    if (!isPlaceFailure(part.error)) throw part.error
    first ??= part.error
    missingBytes += part.lengthBytes
    yield* zeros(part.lengthBytes)
  }
  if (missingBytes > 0) damaged(incomplete(file, missingBytes, first))
}

const incomplete = ({ sizeBytes }: FileEntry, missingBytes: number, cause: unknown): BackupError =>
  new BackupError(
    'damaged',
    `${missingBytes} of its ${sizeBytes} bytes can not be read: in the archive they are zeros. ${messageOf(cause)}`,
    { cause },
  )

const zeroBlock = new Uint8Array(1024 * 1024)

function* zeros(lengthBytes: number): Generator<Uint8Array, void, undefined> {
  for (let left = lengthBytes; left > 0; left -= zeroBlock.length) yield zeroBlock.subarray(0, left)
}

/** A part of the file, or why it can not be read. */
type Part =
  { readonly bytes: Uint8Array } | { readonly lengthBytes: number; readonly error: unknown }

async function* loadAhead(file: FileEntry, source: ContentSource) {
  const ahead: { readonly part: Promise<Part>; readonly lengthBytes: number }[] = []
  let bytes = 0
  for await (const wanted of references(file, source)) {
    const part = 'error' in wanted ? Promise.resolve(wanted) : load(wanted, source)
    ahead.push({ part, lengthBytes: wanted.lengthBytes })
    bytes += wanted.lengthBytes
    while (ahead.length > aheadChunks || bytes > aheadBytes) {
      const next = ahead.shift()
      if (next === undefined) break
      bytes -= next.lengthBytes
      yield await next.part
    }
  }
  for (const { part } of ahead) yield await part
}

/** Never rejects: nobody waits for it yet. */
async function load(reference: ChunkReference, { chunks }: ContentSource): Promise<Part> {
  try {
    return { bytes: await chunks.load(reference, 1) }
  } catch (error) {
    return { lengthBytes: reference.lengthBytes, error }
  }
}

/** The chunks, and all the rest as one part where the list of them can not be read to its end. */
async function* references(file: FileEntry, { tree }: ContentSource) {
  let lengthBytes = file.sizeBytes
  try {
    for await (const reference of tree.content(file)) {
      lengthBytes -= reference.lengthBytes
      yield reference
    }
  } catch (error) {
    yield { lengthBytes, error }
  }
}
