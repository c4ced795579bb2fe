/** Walks the trees of points and looks up every chunk: each has to lie in a pack that the point's refs name. */

import { messageOf } from '../../base/errors.ts'
import type { DirectoryEntry, Entry } from '../../model/entry.ts'
import type { ChunkReference, ObjectId } from '../../model/ids.ts'
import type { SystemName } from '../../model/manifest.ts'
import { createChunkReader } from '../../repository/chunk-reader.ts'
import type { ChunkPlace, IndexSet } from '../../repository/index-set.ts'
import { isPlaceFailure } from '../../repository/place-failure.ts'
import type { PointFacts } from '../../repository/point-reader.ts'
import type { Repository } from '../../repository/repository.ts'
import { createTreeReader, type TreeReader } from '../../repository/tree-reader.ts'
import type { DamageList } from './damage-list.ts'
import type { BadSegments } from './read-packs.ts'

export interface WalkablePoint {
  readonly facts: PointFacts
  readonly root: DirectoryEntry
  readonly system: SystemName
  /** Further chunks of the manifest: pages of left-out items. */
  readonly lists: readonly ChunkReference[]
  readonly index: IndexSet
  /** Packs and indexes that its refs name. */
  readonly named: ReadonlySet<ObjectId>
}

export interface TreeWalk {
  /** Notes what is damaged, with the paths that it concerns. A tree that several points share is read for the first of them. */
  walk(point: WalkablePoint): Promise<void>
  readonly counts: WalkCounts
}

export interface WalkCounts {
  readonly files: number
  readonly directories: number
  readonly bytesFetched: number
}

export interface TreeWalkOptions {
  readonly damages: DamageList
  readonly badSegments: BadSegments
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((counts: WalkCounts) => void) | undefined
}

export function createTreeWalk(repository: Repository, options: TreeWalkOptions): TreeWalk {
  /** Trees that were read, and the packs that all chunks so far lie in: for another point they count only if it names all of them. */
  const seen = new Set<string>()
  const used = new Set<ObjectId>()
  const counts = { files: 0, directories: 0, bytesFetched: 0 }
  return {
    counts,
    walk: async (point) => {
      if ([...used].some((id) => !point.named.has(id))) {
        seen.clear()
        used.clear()
      }
      const places = usablePlaces(point, options)
      const chunks = createChunkReader(repository, { ...point.index, places }, options)
      const visit: Visit = {
        ...options,
        point,
        places,
        seen,
        used,
        counts,
        tree: createTreeReader(chunks),
        fetchedBytes: () => counts.bytesFetched + chunks.bytesFetched,
      }
      for (const reference of point.lists) hasPlace(visit, { reference, path: [] })
      await walkDirectories(visit)
      counts.bytesFetched += chunks.bytesFetched
    },
  }
}

interface Visit extends TreeWalkOptions {
  readonly point: WalkablePoint
  readonly places: IndexSet['places']
  readonly tree: TreeReader
  readonly seen: Set<string>
  readonly used: Set<ObjectId>
  readonly counts: { files: number; directories: number }
  /** By the walks of all points. */
  readonly fetchedBytes: () => number
}

type Path = readonly Uint8Array[]

/** Places in packs that the point's refs name and that are not known to be damaged there. */
function usablePlaces(point: WalkablePoint, options: TreeWalkOptions): IndexSet['places'] {
  const { damages, badSegments } = options
  const isUsable = ({ pack, segment }: ChunkPlace) => {
    if (!point.named.has(pack.id)) return false
    const bad = badSegments.get(pack.id)
    return bad === undefined ? !damages.has(pack.id) : !bad.has(segment)
  }
  return (id) => point.index.places(id).filter(isUsable)
}

async function walkDirectories(visit: Visit): Promise<void> {
  const waiting: { readonly path: Path; readonly entry: DirectoryEntry }[] = [
    { path: [], entry: visit.point.root },
  ]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    visit.signal?.throwIfAborted()
    const { path, entry } = next
    checkAttributes(visit, entry, path)
    if (visit.seen.has(entry.tree.id)) continue
    const before = visit.damages.pathCount
    try {
      for await (const child of visit.tree.entries(entry)) {
        const childPath = [...path, child.name]
        if (child.type === 'directory') waiting.push({ path: childPath, entry: child })
        else await checkEntry(visit, child, childPath)
      }
      notePlaceOf(visit, entry.tree)
    } catch (error) {
      noteUnreadable(visit, { reference: entry.tree, path }, error)
    }
    visit.counts.directories++
    visit.onProgress?.({ ...visit.counts, bytesFetched: visit.fetchedBytes() })
    if (visit.damages.pathCount === before) visit.seen.add(entry.tree.id)
  }
}

async function checkEntry(visit: Visit, entry: Entry, path: Path): Promise<void> {
  checkAttributes(visit, entry, path)
  if (entry.type !== 'file') return
  visit.counts.files++
  try {
    for await (const reference of visit.tree.content(entry)) {
      if (!hasPlace(visit, { reference, path })) break
    }
    if (entry.map !== undefined) notePlaceOf(visit, entry.map)
  } catch (error) {
    if (entry.map === undefined) throw error
    noteUnreadable(visit, { reference: entry.map, path }, error)
  }
}

function checkAttributes(visit: Visit, entry: Entry, path: Path): void {
  for (const attribute of entry.xattrs ?? []) {
    if ('value' in attribute) continue
    for (const reference of attribute.content) hasPlace(visit, { reference, path })
  }
}

interface Needed {
  readonly reference: ChunkReference
  readonly path: Path
}

/** Notes the path where the chunk lies nowhere that can be used. */
function hasPlace(visit: Visit, { reference, path }: Needed): boolean {
  const [place] = visit.places(reference.id)
  if (place !== undefined) {
    visit.used.add(place.pack.id)
    return true
  }
  noteUnusable(visit, { reference, path }, 'No pack that the point names holds it.')
  return false
}

function notePlaceOf(visit: Visit, reference: ChunkReference): void {
  const [place] = visit.places(reference.id)
  if (place !== undefined) visit.used.add(place.pack.id)
}

function noteUnreadable(visit: Visit, needed: Needed, error: unknown): void {
  if (!isPlaceFailure(error)) throw error
  noteUnusable(visit, needed, messageOf(error))
}

/** The packs that should hold it are to blame; where none does, the chunk itself is named. */
function noteUnusable(visit: Visit, { reference, path }: Needed, message: string): void {
  const { point, damages } = visit
  const packs = point.index
    .places(reference.id)
    .map((place) => place.pack.id)
    .filter((id) => point.named.has(id))
  if (packs.length === 0) damages.note(reference.id, 'chunk', message)
  for (const id of packs) damages.note(id, 'pack', message)
  damages.concern(packs.length === 0 ? [reference.id] : packs, {
    point: point.facts.id,
    system: point.system,
    path,
  })
}
