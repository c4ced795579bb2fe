/** What of a directory is taken over as it was: gathered while it is compared, counted and noted once all of it is the same. */

import { decodeEntry } from '../../model/entry-codec.ts'
import { entryTypeCode } from '../../model/entry-fields.ts'
import type { Entry } from '../../model/entry.ts'
import { encodeChunkReferences } from '../../model/ids.ts'
import type { LeafSkimmer } from '../../model/leaf-skimmer.ts'
import { lstatExact } from '../source/facts.ts'
import type { RawFacts } from '../system/system-calls.ts'
import { childPlace } from './child-place.ts'
import { addCounts, noEntries } from './entry-counts.ts'
import { chunksTakenOver } from './previous-tree.ts'
import type { Found, Walk } from './walk-context.ts'

export interface TakenDirectory {
  readonly found: Found
  readonly entry: Entry
}

export interface TakenEntries {
  add(entry: LeafSkimmer, facts: RawFacts): void
  /** The directories among them. Undefined, and nothing is counted, where something has to be looked at after all. */
  finish(): Promise<readonly TakenDirectory[] | undefined>
}

export function createTaken(walk: Walk, { place, facts: above }: Found): TakenEntries {
  const counts = noEntries()
  const references = createReferences()
  const directories: Entry[] = []
  const withMore: Entry[] = []
  let hasLinks = false

  return {
    add: (entry, facts) => {
      if (entry.type === entryTypeCode.directory) {
        directories.push(decoded(entry))
        return
      }
      hasLinks ||= facts.links > 1
      if (entry.type === entryTypeCode.file) {
        counts.files++
        counts.fileBytes += entry.sizeBytes
      } else counts.others++
      if (entry.usesMore) withMore.push(decoded(entry))
      else references.add(entry.bytes, entry.contentStart, entry.contentEnd)
    },
    finish: async () => {
      const taken: TakenDirectory[] = []
      for (const entry of directories) {
        const child = childPlace(place, above, entry.name)
        const facts = lstatExact(child.path)
        if (facts.kind !== 'directory') return undefined
        taken.push({ found: { place: child, facts }, entry })
      }
      for (const entry of withMore) {
        const chunks = await chunksTakenOver(walk, entry)
        if (chunks === undefined) return undefined
        const bytes = encodeChunkReferences(chunks)
        references.add(bytes, 0, bytes.length)
      }
      addCounts(walk.counts, counts)
      walk.counts.hasLinks ||= hasLinks
      walk.noteAll(references.all())
      return taken
    },
  }
}

const decoded = ({ bytes, start, end }: LeafSkimmer): Entry =>
  decodeEntry(bytes.subarray(start, end))

/** Encoded references, one behind the other. */
function createReferences() {
  let bytes = new Uint8Array(0)
  let length = 0
  return {
    add: (from: Uint8Array, start: number, end: number) => {
      const needed = length + end - start
      if (needed > bytes.length) {
        const larger = new Uint8Array(Math.max(needed, 2 * bytes.length, 1024))
        larger.set(bytes)
        bytes = larger
      }
      for (let at = start; at < end; at++) bytes[length++] = from[at] ?? 0
    },
    all: (): Uint8Array => bytes.subarray(0, length),
  }
}
