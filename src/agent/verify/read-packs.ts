/** Reads packs whole and opens every segment: what was stored is what was meant, to the last chunk. */

import { BackupError, messageOf } from '../../base/errors.ts'
import { equalBytes } from '../../base/bytes.ts'
import { forEachLimited } from '../../base/flow.ts'
import { chunkId } from '../../crypto/chunk-id.ts'
import { openDirectory, openSegment } from '../../crypto/pack-seal.ts'
import type { ObjectId } from '../../model/ids.ts'
import {
  decodePackHeader,
  packHeaderBytes,
  paddedPackBytes,
  placedChunks,
  segmentRanges,
  type PackDirectory,
} from '../../model/pack.ts'
import type { PackFacts } from '../../repository/index-set.ts'
import { isPlaceFailure } from '../../repository/place-failure.ts'
import type { Repository } from '../../repository/repository.ts'
import { rawOf } from '../../repository/pack-writer.ts'
import type { DamageList } from './damage-list.ts'

export interface ReadPacksOptions {
  readonly signal?: AbortSignal | undefined
  readonly damages: DamageList
  /** After each pack, with its size. */
  readonly onPack?: ((sizeBytes: number) => void) | undefined
}

/** Segments that can not be opened, by pack. */
export type BadSegments = ReadonlyMap<ObjectId, ReadonlySet<number>>

const packsAtOnce = 3

/** Notes each damaged pack, and finds out which of its segments are lost. */
export async function readPacks(
  repository: Repository,
  packs: Iterable<PackFacts>,
  options: ReadPacksOptions,
): Promise<BadSegments> {
  const bad = new Map<ObjectId, ReadonlySet<number>>()
  await forEachLimited(packs, packsAtOnce, async (pack) => {
    options.signal?.throwIfAborted()
    try {
      const bytes = await repository.connection.object(repository.number, pack.id)
      checkPack(repository, pack, bytes)
      options.onPack?.(bytes.length)
    } catch (error) {
      if (!isPlaceFailure(error)) throw error
      options.damages.note(pack.id, 'pack', messageOf(error))
      bad.set(pack.id, await findBadSegments(repository, pack))
    }
  })
  return bad
}

/** @throws BackupError `damaged`, `malformed` */
function checkPack(repository: Repository, pack: PackFacts, bytes: Uint8Array): void {
  const { directoryBytes } = decodePackHeader(bytes.subarray(0, packHeaderBytes))
  const directory = openDirectory(
    bytes.subarray(0, packHeaderBytes + directoryBytes),
    repository.keys,
  )
  const isIndexed =
    equalBytes(pack.header, bytes.subarray(0, packHeaderBytes)) &&
    JSON.stringify(pack.segments) === JSON.stringify(directory.segments)
  if (!isIndexed) throw new BackupError('malformed', 'It is not as its index describes it.')
  checkChunks(repository, pack, { bytes, directory })
}

function checkChunks(
  { keys }: Repository,
  pack: PackFacts,
  { bytes, directory }: { readonly bytes: Uint8Array; readonly directory: PackDirectory },
): void {
  const ranges = rangesOf(pack)
  let opened = -1
  let raw = new Uint8Array(0)
  for (const { reference, segment, placeBytes } of placedChunks(pack.segments, directory.chunks)) {
    const facts = pack.segments[segment]
    const range = ranges[segment]
    if (facts === undefined || range === undefined) throw new RangeError(`no segment ${segment}`)
    if (segment !== opened) {
      const stored = bytes.subarray(range.start, range.end)
      raw = new Uint8Array(
        rawOf(facts, openSegment({ header: pack.header, ordinal: segment, facts, stored }, keys)),
      )
      opened = segment
    }
    const plaintext = raw.subarray(placeBytes, placeBytes + reference.lengthBytes)
    if (chunkId(keys, facts.type, plaintext) !== reference.id) {
      throw new BackupError('damaged', `It holds something else than the chunk ${reference.id}.`)
    }
  }
}

const rangesOf = (pack: PackFacts) =>
  segmentRanges(decodePackHeader(pack.header).directoryBytes, pack.segments)

/** Reads the damaged bytes all the same; a pack that is not there has no good segment. */
async function findBadSegments(repository: Repository, pack: PackFacts): Promise<Set<number>> {
  const ranges = rangesOf(pack)
  const end = paddedPackBytes(ranges.at(-1)?.end ?? 0)
  let bytes: Uint8Array
  try {
    bytes = await repository.connection.objectRange(repository.number, pack.id, { start: 0, end })
  } catch (error) {
    if (!isPlaceFailure(error)) throw error
    bytes = new Uint8Array(0)
  }
  const bad = new Set<number>()
  for (const [ordinal, facts] of pack.segments.entries()) {
    const stored = bytes.subarray(ranges[ordinal]?.start, ranges[ordinal]?.end)
    try {
      rawOf(facts, openSegment({ header: pack.header, ordinal, facts, stored }, repository.keys))
    } catch (error) {
      if (!isPlaceFailure(error)) throw error
      bad.add(ordinal)
    }
  }
  return bad
}
