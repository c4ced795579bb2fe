/** The content and attributes of files, read by threads while the walk goes on. */

import type { Attribute, FileEntry } from '../../model/entry.ts'
import { writeFileMap } from '../../model/file-map.ts'
import type { ChunkReference } from '../../model/ids.ts'
import { maxInlineChunks } from '../../model/limits.ts'
import type { ChunkSink } from '../../repository/chunk-sink.ts'
import { gatherAttributes, withLarge } from '../contents/attributes.ts'
import type { AttributeFailure, FileRead } from '../contents/messages.ts'
import type { ContentPool } from '../contents/pool.ts'
import type { FileFacts } from '../source/facts.ts'
import { readXattrsAt } from '../source/read-xattrs.ts'
import { commonFields } from './capture.ts'
import { createHardLinks, fileEntryOf, type FileContent } from './hard-links.ts'
import type { ContentReader, Found, Place, Walk } from './walk-context.ts'

export function createContentReader(pool: () => ContentPool): ContentReader {
  const links = createHardLinks()

  const attributes: ContentReader['attributes'] = async (walk, { place, facts }) => {
    const { inline, large, failures } = gatherAttributes(readXattrsAt(place.path, facts))
    sayFailures(walk, place, failures)
    const stored = []
    for (const { name, value } of large) {
      const content = await pool().value(value)
      noteAll(walk, content)
      stored.push({ name, content })
    }
    return { xattrs: orNone(withLarge(inline, stored)) }
  }
  /** Another name of a file that was read: its content is there, unless it changed meanwhile. */
  const linked = async (walk: Walk, found: Found): Promise<FileEntry | undefined> => {
    const content = await links.find(found.facts)
    if (content === undefined) return undefined
    const common = commonFields(walk, found.place, found.facts)
    return fileEntryOf({ ...common, ...(await attributes(walk, found)) }, content)
  }
  const readNow = async (walk: Walk, { place, facts }: Found) => {
    const file = await pool().file(place.path, facts.sizeBytes)
    noteAll(walk, file.chunks)
    sayFailures(walk, place, file.attributeFailures)
    if (file.changed) sayChanged(walk, place)
    const content = contentOf(walk.sink, file)
    const common = commonFields(walk, place, file.facts)
    const xattrs = orNone(noted(walk, file.attributes))
    const flags = { ...common.flags, changed: file.changed }
    const entry = fileEntryOf({ ...common, xattrs, flags }, content)
    return { entry, isAsFound: !file.changed && isSame(facts, file.facts) }
  }
  return {
    attributes,
    room: () => pool().room(),
    read: async (walk, place, facts) => {
      const other = await linked(walk, { place, facts })
      if (other !== undefined) return other
      const reading = readNow(walk, { place, facts })
      links.remember(facts, reading)
      return (await reading).entry
    },
  }
}

const orNone = (attributes: readonly Attribute[]): readonly Attribute[] | undefined =>
  attributes.length > 0 ? attributes : undefined

function noteAll(walk: Walk, chunks: readonly ChunkReference[]): void {
  for (const { id } of chunks) walk.note(id)
}

function noted(walk: Walk, attributes: readonly Attribute[]): readonly Attribute[] {
  for (const attribute of attributes) if ('content' in attribute) noteAll(walk, attribute.content)
  return attributes
}

const isSame = (a: FileFacts, b: FileFacts): boolean =>
  a.sizeBytes === b.sizeBytes && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs

const sayChanged = (walk: Walk, place: Place): void => {
  const detail = 'It changed each time it was read.'
  walk.leaveOut({ path: place.path, reason: 'changed', detail, kept: 'read' })
}

function sayFailures(walk: Walk, { path }: Place, failures: readonly AttributeFailure[]): void {
  for (const { name, detail: why } of failures) {
    const detail = `${Buffer.from(name).toString()}: ${why}`
    walk.leaveOut({ path, reason: 'attributes', detail, kept: 'read' })
  }
}

function contentOf(sink: ChunkSink, { chunks, sizeBytes, hasHoles }: FileRead): FileContent {
  const bare = { sizeBytes, content: undefined, map: undefined, sparse: hasHoles || undefined }
  if (chunks.length === 0) return bare
  if (chunks.length <= maxInlineChunks) return { ...bare, content: chunks }
  return { ...bare, map: writeFileMap(chunks, (page) => sink.add(3, page)) }
}
