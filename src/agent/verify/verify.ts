/** Proves that points can be restored: all that they name is there and opens, every chunk has its place. */

import { messageOf } from '../../base/errors.ts'
import type { ObjectId } from '../../model/ids.ts'
import type { IndexView } from '../../model/index-object.ts'
import type { Manifest } from '../../model/manifest.ts'
import { indexSetOf, loadIndex, type PackFacts } from '../../repository/index-set.ts'
import { isPlaceFailure } from '../../repository/place-failure.ts'
import { readManifest, type PointFacts } from '../../repository/point-reader.ts'
import type { Repository } from '../../repository/repository.ts'
import { checkKeySlots } from './key-slots.ts'
import { createDamageList, type Damage, type DamageList } from './damage-list.ts'
import { checkPresence, readNamedObjects, type NamedObjects } from './named-objects.ts'
import { readPacks } from './read-packs.ts'
import { createTreeWalk, type WalkablePoint } from './walk-points.ts'

export interface VerifyOptions {
  /** Reads and opens every segment of all packs, not only those of trees. */
  readonly readData: boolean
  /** A repository of before a rotation of the key: its slots were deleted, the newest one's open it. */
  readonly isOlder?: boolean
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined
}

export interface VerifyProgress {
  readonly packs: number
  readonly packsToRead: number
  readonly files: number
  readonly directories: number
  readonly bytesRead: number
}

export interface VerifyResult extends VerifyProgress {
  readonly points: number
  readonly objects: number
  readonly damages: readonly Damage[]
  readonly damageCount: number
  /** Paths, counted once a point, that can not be restored as they were. */
  readonly pathCount: number
}

export async function verifyPoints(
  repository: Repository,
  points: readonly PointFacts[],
  options: VerifyOptions,
): Promise<VerifyResult> {
  const damages = createDamageList()
  if (options.isOlder !== true) await checkKeySlots(repository, damages)
  const readable = await readNamedObjects(repository, points, damages)
  const manifests = await readManifests(repository, points, damages)
  const indexIds = new Set(manifests.flatMap((each) => indexIdsOf(each.manifest)))
  const indexes = await readIndexes(repository, indexIds, damages)
  const named = withUnreadable(readable, manifests, indexes)
  const needed = { named, manifests: points.map(manifestOf), indexes: indexIds }
  await checkPresence(repository, needed, damages)

  const packs = options.readData ? packsNamed(indexes.values(), named.all) : []
  const progress = { packs: 0, packsToRead: packs.length, files: 0, directories: 0, bytesRead: 0 }
  const badSegments = await readPacks(repository, packs, {
    ...options,
    damages,
    onPack: (sizeBytes) => {
      progress.packs++
      progress.bytesRead += sizeBytes
      options.onProgress?.(progress)
    },
  })
  const walk = createTreeWalk(repository, {
    damages,
    badSegments,
    signal: options.signal,
    onProgress: ({ files, directories, bytesFetched }) => {
      const bytesRead = progress.bytesRead + bytesFetched
      options.onProgress?.({ ...progress, files, directories, bytesRead })
    },
  })
  for (const { facts, manifest } of manifests) {
    const ids = named.ofPoint.get(facts.id) ?? new Set()
    noteUnnamedIndexes(manifest, ids, damages)
    await walk.walk(walkable({ facts, manifest }, { indexes, named: ids }))
  }
  return {
    ...progress,
    files: walk.counts.files,
    directories: walk.counts.directories,
    bytesRead: progress.bytesRead + walk.counts.bytesFetched,
    points: points.length,
    objects: named.all.size,
    damages: damages.list,
    damageCount: damages.count,
    pathCount: damages.pathCount,
  }
}

/** Where refs are damaged, what the point's indexes place counts as named: the refs are the damage, not all that they named. */
function withUnreadable(
  readable: NamedObjects,
  manifests: readonly ReadPoint[],
  indexes: ReadonlyMap<ObjectId, IndexView>,
): NamedObjects {
  const ofPoint = new Map(readable.ofPoint)
  const all = new Set(readable.all)
  for (const { facts, manifest } of manifests) {
    if (ofPoint.has(facts.id)) continue
    const ids = new Set(indexIdsOf(manifest))
    for (const id of indexIdsOf(manifest)) {
      for (const pack of indexes.get(id)?.packs ?? []) ids.add(pack.id)
    }
    ofPoint.set(facts.id, ids)
    for (const id of ids) all.add(id)
  }
  return { ...readable, ofPoint, all }
}

function noteUnnamedIndexes(
  manifest: Manifest,
  named: ReadonlySet<ObjectId>,
  damages: DamageList,
): void {
  for (const id of indexIdsOf(manifest)) {
    if (!named.has(id)) damages.note(id, 'index', 'A point needs it that does not name it.')
  }
}

interface ReadPoint {
  readonly facts: PointFacts
  readonly manifest: Manifest
}

const manifestOf = (point: PointFacts): ObjectId => point.commit.manifest

const indexIdsOf = (manifest: Manifest): ObjectId[] => manifest.indexes.map((index) => index.id)

async function readManifests(
  repository: Repository,
  points: readonly PointFacts[],
  damages: DamageList,
): Promise<ReadPoint[]> {
  const read: ReadPoint[] = []
  for (const facts of points) {
    try {
      read.push({ facts, manifest: await readManifest(repository, facts) })
    } catch (error) {
      if (!isPlaceFailure(error)) throw error
      damages.note(facts.commit.manifest, 'manifest', messageOf(error))
      damages.concern([facts.commit.manifest], { point: facts.id, system: 'linux', path: [] })
    }
  }
  return read
}

async function readIndexes(
  repository: Repository,
  ids: ReadonlySet<ObjectId>,
  damages: DamageList,
): Promise<ReadonlyMap<ObjectId, IndexView>> {
  const views = new Map<ObjectId, IndexView>()
  for (const id of ids) {
    try {
      views.set(id, await loadIndex(repository, id))
    } catch (error) {
      if (!isPlaceFailure(error)) throw error
      damages.note(id, 'index', messageOf(error))
    }
  }
  return views
}

/** Each pack once, though several indexes may describe it. */
function packsNamed(indexes: Iterable<IndexView>, named: ReadonlySet<ObjectId>): PackFacts[] {
  const packs = new Map<ObjectId, PackFacts>()
  for (const view of indexes) {
    for (const pack of view.packs) if (named.has(pack.id)) packs.set(pack.id, pack)
  }
  return [...packs.values()]
}

function walkable(
  { facts, manifest }: ReadPoint,
  {
    indexes,
    named,
  }: { readonly indexes: ReadonlyMap<ObjectId, IndexView>; readonly named: ReadonlySet<ObjectId> },
): WalkablePoint {
  const own = indexIdsOf(manifest).flatMap((id): [ObjectId, IndexView][] => {
    const view = indexes.get(id)
    return view === undefined ? [] : [[id, view]]
  })
  return {
    facts,
    root: manifest.root,
    system: manifest.system,
    lists: manifest.leftOutPages,
    index: indexSetOf(new Map(own)),
    named,
  }
}
