/** Opens segments of packs; those used lately are kept, and whoever wants the same one waits for the same reading. */

import { createByteCache } from '../base/byte-cache.ts'
import { openSegment } from '../crypto/pack-seal.ts'
import type { PackFacts } from '../model/index-object.ts'
import {
  decodePackHeader,
  packHeaderBytes,
  paddedPackBytes,
  segmentRanges,
  type StoredRange,
} from '../model/pack.ts'
import { decompress } from './compression.ts'
import { createPackBlocks, type StoredPack } from './pack-blocks.ts'
import { isPlaceFailure } from './place-failure.ts'
import type { Repository } from './repository.ts'

export interface SegmentReader {
  /**
   * The raw bytes of a segment, authenticated. `stored`: its bytes if they were fetched already.
   * @throws BackupError a place failure, when the whole pack was of no help either
   */
  open(pack: PackFacts, segment: number, stored?: Uint8Array): Promise<Uint8Array>
  /** The stored bytes of some segments of a pack, read together; not authenticated. */
  fetch(pack: PackFacts, segments: readonly number[]): Promise<readonly Uint8Array[]>
  readonly bytesFetched: number
}

export interface SegmentReaderOptions {
  /** Bounds the opened segments that are kept. */
  readonly cacheBytes: number
  /** Bounds the stored bytes that are kept. */
  readonly storedCacheBytes: number
}

export function createSegmentReader(
  repository: Repository,
  options: SegmentReaderOptions,
): SegmentReader {
  const blocks = createPackBlocks(repository, options.storedCacheBytes)
  const kept = createByteCache<Uint8Array>(options.cacheBytes)
  const opening = new Map<string, Promise<Uint8Array>>()
  const layouts = new WeakMap<PackFacts, Layout>()

  const layoutOf = (pack: PackFacts): Layout => {
    const layout = layouts.get(pack) ?? layoutFrom(pack)
    layouts.set(pack, layout)
    return layout
  }
  const unseal = (pack: PackFacts, segment: number, stored: Uint8Array) => {
    const facts = pack.segments[segment]
    if (facts === undefined) throw new RangeError(`no segment ${segment}`)
    const content = openSegment(
      { header: pack.header, ordinal: segment, facts, stored },
      repository.keys,
    )
    return facts.codec === 0 ? content : decompress(content, facts.rawBytes)
  }
  const openNew = async (pack: PackFacts, segment: number, stored?: Uint8Array) => {
    const { whole, rangeOf } = layoutOf(pack)
    const range = rangeOf(segment)
    // What can not be opened need not be fetched.
    repository.keys.epoch(decodePackHeader(pack.header).epoch)
    try {
      const [bytes] = stored === undefined ? await blocks.read(whole, [range]) : [stored]
      return unseal(pack, segment, bytes ?? new Uint8Array(0))
    } catch (error) {
      if (!isPlaceFailure(error)) throw error
      const bytes = await blocks.refresh(whole)
      return unseal(pack, segment, bytes.subarray(range.start, range.end))
    }
  }
  return {
    open: (pack, segment, stored) => {
      const key = `${pack.id}/${segment}`
      const bytes = kept.get(key)
      if (bytes !== undefined) return Promise.resolve(bytes)
      const known = opening.get(key)
      if (known !== undefined) return known
      const promise = openNew(pack, segment, stored)
        .then((raw) => {
          kept.set(key, raw, raw.length)
          return raw
        })
        .finally(() => opening.delete(key))
      opening.set(key, promise)
      return promise
    },
    fetch: (pack, segments) => {
      const { whole, rangeOf } = layoutOf(pack)
      return blocks.read(whole, segments.map(rangeOf))
    },
    get bytesFetched() {
      return blocks.bytesFetched
    },
  }
}

interface Layout {
  readonly whole: StoredPack
  readonly rangeOf: (segment: number) => StoredRange
}

/** Where everything lies follows from the header and the lengths. */
function layoutFrom(pack: PackFacts): Layout {
  const { directoryBytes } = decodePackHeader(pack.header)
  const ranges = segmentRanges(directoryBytes, pack.segments)
  const end = ranges.at(-1)?.end ?? packHeaderBytes + directoryBytes
  return {
    whole: { id: pack.id, sizeBytes: paddedPackBytes(end) },
    rangeOf: (segment) => ranges[segment] ?? { start: 0, end: 0 },
  }
}
