/** The content and attributes of one file: cut into chunks while it is read, read again when it changed meanwhile. */

import { messageOf } from '../../base/errors.ts'
import type { Chunker } from '../../chunker/chunker.ts'
import { isInlineValue, type Attribute, type FileEntry } from '../../model/entry.ts'
import { writeFileMap } from '../../model/file-map.ts'
import type { ChunkReference } from '../../model/ids.ts'
import { maxChunkBytes, maxInlineChunks } from '../../model/limits.ts'
import type { ChunkSink } from '../../repository/chunk-sink.ts'
import type { FileFacts } from '../source/facts.ts'
import { openForReading, type SourceFile } from '../source/open-file.ts'
import { readXattrs } from '../source/read-xattrs.ts'
import { commonFields } from './capture.ts'
import { createHardLinks, type FileContent } from './hard-links.ts'
import type { ContentReader, Place, Walk } from './walk-context.ts'

/** A file that changes under the reader is read this often before it is kept as it was met. */
const tries = 3

export function createContentReader(chunker: Chunker): ContentReader {
  const links = createHardLinks()
  const read = async (walk: Walk, place: Place, facts: FileFacts): Promise<FileEntry> => {
    const linked = links.find(facts)
    if (linked !== undefined)
      return fileEntry(walk, { place, facts }, { ...linked, changed: false })
    const { content, facts: after, changed } = await readStable(walk, place, chunker)
    if (!changed) links.remember(after, content)
    return fileEntry(walk, { place, facts: after }, { ...content, changed })
  }
  const attributes = (walk: Walk, place: Place) => ({ xattrs: attributesOf(walk, place) })

  const fileEntry = (
    walk: Walk,
    { place, facts }: { readonly place: Place; readonly facts: FileFacts },
    { changed, ...content }: FileContent & { readonly changed: boolean },
  ): FileEntry => {
    const common = commonFields(walk, place, facts)
    return {
      ...common,
      ...attributes(walk, place),
      flags: { ...common.flags, changed },
      type: 'file',
      ...content,
    }
  }
  return { read, attributes }
}

interface StableRead {
  readonly content: FileContent
  readonly facts: FileFacts
  readonly changed: boolean
}

async function readStable(walk: Walk, place: Place, chunker: Chunker): Promise<StableRead> {
  for (let attempt = 1; ; attempt++) {
    const file = openForReading(place.path)
    try {
      const before = file.facts()
      const chunks: ChunkReference[] = []
      const sizeBytes = await readChunks(walk, file, {
        chunker,
        keep: (chunk) => chunks.push(chunk),
      })
      const after = file.facts()
      const changed = !isSame(before, after) || sizeBytes !== after.sizeBytes
      if (changed && attempt < tries) continue
      if (changed) sayChanged(walk, place)
      return { content: writeContent(walk.sink, chunks, sizeBytes), facts: after, changed }
    } finally {
      file.close()
    }
  }
}

const isSame = (a: FileFacts, b: FileFacts): boolean =>
  a.sizeBytes === b.sizeBytes && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs

const sayChanged = (walk: Walk, place: Place): void => {
  const detail = `It changed while it was read, ${tries} times.`
  walk.leaveOut({ path: place.path, reason: 'changed', detail, kept: 'read' })
}

interface ChunkReading {
  readonly chunker: Chunker
  readonly keep: (chunk: ChunkReference) => void
}

/** Reads to the end, wherever that is by now. */
async function readChunks(
  walk: Walk,
  file: SourceFile,
  { chunker, keep }: ChunkReading,
): Promise<number> {
  let sizeBytes = 0
  chunker.start()
  for (let length = -1; length !== 0;) {
    length = file.read(chunker.room())
    chunker.accept(length)
    sizeBytes += length
    walk.counts.bytesRead += length
    for (const chunk of chunker.chunks()) keep(walk.sink.add(1, chunk))
    await walk.sink.flow()
  }
  return sizeBytes
}

function writeContent(
  sink: ChunkSink,
  chunks: readonly ChunkReference[],
  sizeBytes: number,
): FileContent {
  if (chunks.length === 0) return { sizeBytes, content: undefined, map: undefined }
  if (chunks.length <= maxInlineChunks) return { sizeBytes, content: chunks, map: undefined }
  const map = writeFileMap(chunks, (page) => sink.add(3, page))
  return { sizeBytes, content: undefined, map }
}

function attributesOf(walk: Walk, { path }: Place): readonly Attribute[] | undefined {
  const { xattrs, failures } = readXattrs(path)
  for (const { name, error } of failures) {
    const detail = `${Buffer.from(name).toString()}: ${messageOf(error)}`
    walk.leaveOut({ path, reason: 'attributes', detail, kept: 'read' })
  }
  let inlineBytes = 0
  const attributes = xattrs.map(({ name, value }): Attribute => {
    if (!isInlineValue(value.length, inlineBytes))
      return { name, content: inChunks(walk.sink, value) }
    inlineBytes += value.length
    return { name, value }
  })
  return attributes.length > 0 ? attributes : undefined
}

function inChunks(sink: ChunkSink, value: Uint8Array): ChunkReference[] {
  const chunks: ChunkReference[] = []
  for (let at = 0; at < value.length; at += maxChunkBytes) {
    chunks.push(sink.add(1, value.subarray(at, at + maxChunkBytes)))
  }
  return chunks
}
