/** Opens segments of packs; those used lately are kept, and whoever wants the same one waits for the same reading. */

import { createByteCache } from '../base/byte-cache.ts'
import type { PackFacts } from '../model/index-object.ts'
import {
  decodePackHeader,
  packHeaderBytes,
  paddedPackBytes,
  segmentRanges,
  type StoredRange,
} from '../model/pack.ts'
import { createPackBlocks, type StoredPack } from './pack-blocks.ts'
import type { Stretch } from './pack-jobs.ts'
import { isPlaceFailure } from './place-failure.ts'
import { rawSegment } from './raw-segment.ts'
import type { Repository } from './repository.ts'

export interface SegmentReader {
  /**
   * The raw bytes of a segment, authenticated. `stored`: its bytes if they were fetched already.
   * @throws BackupError a place failure, when the whole pack was of no help either
   */
  open(pack: PackFacts, segment: number, stored?: Uint8Array): Promise<Uint8Array<ArrayBuffer>>
  /** The stored bytes of the wanted segments, read together; not authenticated, in memory that nothing else uses. */
  fetch(pack: PackFacts, wanted: Pick<Stretch, 'ordinals' | 'span'>): Promise<readonly Uint8Array[]>
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
  const kept = createByteCache<Uint8Array<ArrayBuffer>>(options.cacheBytes)
  const opening = new Map<string, Promise<Uint8Array<ArrayBuffer>>>()
  const layouts = new WeakMap<PackFacts, Layout>()

  const layoutOf = (pack: PackFacts): Layout => {
    const layout = layouts.get(pack) ?? layoutFrom(pack)
    layouts.set(pack, layout)
    return layout
  }
  const unseal = (pack: PackFacts, segment: number, stored: Uint8Array) => {
    const facts = pack.segments[segment]
    if (facts === undefined) throw new RangeError(`no segment ${segment}`)
    return rawSegment({ header: pack.header, ordinal: segment, facts, stored }, repository.keys)
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
    fetch: async (pack, { ordinals, span }) => {
      const { whole, rangeOf } = layoutOf(pack)
      const ranges = ordinals.map(rangeOf)
      if (span === undefined) return (await blocks.read(whole, ranges)).map((each) => each.slice())
      const [start, end] = [rangeOf(span[0]).start, rangeOf(span[1]).end]
      const { bytes, from } = await blocks.readSpan(whole, { start, end })
      return ranges.map((range) => bytes.subarray(range.start - from, range.end - from))
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
