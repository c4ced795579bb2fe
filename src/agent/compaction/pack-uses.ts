/** How much of each pack the newest point of a source needs, as far as no other source needs the pack. */

import { BackupError } from '../../base/errors.ts'
import type { ObjectId } from '../../model/ids.ts'
import type { IndexView, PackFacts } from '../../model/index-object.ts'
import { createKnownChunks } from '../../repository/known-chunks.ts'
import type { PointFacts } from '../../repository/point-reader.ts'
import { refsIds } from '../../repository/refs-ids.ts'
import type { PackUse } from '../../policy/compaction.ts'
import type { BackupRun } from '../backup/backup-run.ts'
import type { BasePoint } from '../backup/base-point.ts'
import { loadKnownObjects } from '../backup/known.ts'
import { eachUsedChunk } from './used-chunks.ts'

export interface FoundUses {
  readonly packs: readonly PackUse[]
  /** Stored bytes of all packs that were written on that day or later. */
  sentSince(day: number): number
}

/** @throws BackupError where indexes, refs or trees can not be read */
export async function findPackUses(
  run: BackupRun,
  previous: NonNullable<BasePoint['previous']>,
  others: readonly PointFacts[],
): Promise<FoundUses> {
  const { repository, indexFiles, signal } = run
  const { present, indexes } = await loadKnownObjects(repository, {
    ...{ journal: await run.journal.read(), indexFiles, gone: new Set<ObjectId>() },
  })
  const views = indexes.indexes
  const previousRefs = await refsIds(repository, previous.facts.commit.refsRoot)
  const known = createKnownChunks(views, {
    ...{ isPresent: (id) => present.has(id), own: new Set(), previousRefs, emptying: new Set() },
  })
  const live = createLiveBytes(views)
  await eachUsedChunk(previous.manifest, {
    ...{ load: previous.load, signal },
    use: (id) => {
      const place = known.place(id)
      if (place === undefined) throw lost()
      live.note(place.index, place.row)
    },
  })
  const elsewhere = new Set<ObjectId>()
  for (const { commit } of others) {
    for (const id of await refsIds(repository, commit.refsRoot)) elsewhere.add(id)
  }
  const packs = packsOf(views).filter(({ id }) => present.has(id))
  return {
    packs: packs
      .filter(({ id }) => previousRefs.has(id) && !elsewhere.has(id))
      .map((pack) => useOf(pack, live.bytesIn(pack.id))),
    sentSince: (day) =>
      packs.reduce((sum, pack) => sum + (pack.day >= day ? payloadOf(pack) : 0), 0),
  }
}

const useOf = (pack: PackFacts, liveBytes: number): PackUse => ({
  ...{ id: pack.id, kind: pack.kind, day: pack.day },
  ...{ payloadBytes: payloadOf(pack), liveBytes },
})

const payloadOf = ({ segments }: PackFacts): number =>
  segments.reduce((sum, { storedBytes }) => sum + storedBytes, 0)

/** Each once, whatever indexes say of it. */
const packsOf = (views: ReadonlyMap<ObjectId, IndexView>): PackFacts[] => [
  ...new Map(
    [...views.values()].flatMap(({ packs }) => packs.map((pack) => [pack.id, pack])),
  ).values(),
]

/** Chunks in use, each counted once, with their share of the segment as it is stored. */
function createLiveBytes(views: ReadonlyMap<ObjectId, IndexView>) {
  const noted = new Map([...views].map(([id, { chunkCount }]) => [id, new Uint8Array(chunkCount)]))
  const bytes = new Map<ObjectId, number>()
  return {
    note: (index: ObjectId, row: number) => {
      const rows = noted.get(index)
      const view = views.get(index)
      if (rows === undefined || view === undefined || rows[row] === 1) return
      rows[row] = 1
      const { pack, segment, lengthBytes } = view.placeAt(row)
      const facts = view.packs[pack]
      const { storedBytes, rawBytes } = facts?.segments[segment] ?? { storedBytes: 0, rawBytes: 1 }
      if (facts === undefined) return
      const share = (lengthBytes / rawBytes) * storedBytes
      bytes.set(facts.id, (bytes.get(facts.id) ?? 0) + share)
    },
    bytesIn: (pack: ObjectId) => bytes.get(pack) ?? 0,
  }
}

const lost = (): BackupError =>
  new BackupError('missing-data', 'No index knows where a chunk of the last point lies.')
