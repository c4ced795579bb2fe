/**
 * Which chunks the vault has, and what a point that uses them has to name. Of several places one in a pack of this run
 * counts, else one in a pack of the previous point's refs, else the newest (DESIGN 4.4).
 */

import { idBytes, type ChunkId, type ObjectId } from '../model/ids.ts'
import type { IndexView, PackFacts } from '../model/index-object.ts'

export interface KnownPlace {
  readonly pack: ObjectId
  /** The index that says so, and its row: the largest of several. */
  readonly index: ObjectId
  readonly row: number
}

export interface KnownChunks {
  /** Undefined when no pack that counts holds the chunk. */
  place(id: ChunkId): KnownPlace | undefined
}

export interface PackRanks {
  /** Packs that the vault does not have, by its list or its word, count for nothing. */
  isPresent(pack: ObjectId): boolean
  readonly own: ReadonlySet<ObjectId>
  readonly previousRefs: ReadonlySet<ObjectId>
  /** Packs that this run carries out of: they count only for what lies nowhere else. */
  readonly emptying: ReadonlySet<ObjectId>
}

export function createKnownChunks(
  indexes: ReadonlyMap<ObjectId, IndexView>,
  ranks: PackRanks,
): KnownChunks {
  const largestFirst = [...indexes].sort(([, a], [, b]) => b.chunkCount - a.chunkCount)
  return {
    place: (id) => {
      const bytes = idBytes(id)
      let best: Found | undefined
      for (const [index, view] of largestFirst) {
        for (const { pack, row } of packsWith(view, bytes)) {
          if (!ranks.isPresent(pack.id) || !isBetter(pack, best?.pack, ranks)) continue
          best = { pack, index, row }
        }
      }
      return best === undefined ? undefined : { ...best, pack: best.pack.id }
    },
  }
}

type Found = Omit<KnownPlace, 'pack'> & { readonly pack: PackFacts }

function* packsWith(
  view: IndexView,
  id: Uint8Array,
): Generator<Pick<Found, 'pack' | 'row'>, void, undefined> {
  for (let row = view.find(id); row >= 0 && view.isAt(row, id); row++) {
    const pack = view.packs[view.placeAt(row).pack]
    if (pack !== undefined) yield { pack, row }
  }
}

function isBetter(pack: PackFacts, best: PackFacts | undefined, ranks: PackRanks): boolean {
  if (best === undefined) return true
  const rank = ({ id }: PackFacts) => {
    if (ranks.emptying.has(id)) return -1
    return ranks.own.has(id) ? 2 : ranks.previousRefs.has(id) ? 1 : 0
  }
  const order = rank(pack) - rank(best)
  if (order !== 0) return order > 0
  return pack.day !== best.day ? pack.day > best.day : pack.id < best.id
}
