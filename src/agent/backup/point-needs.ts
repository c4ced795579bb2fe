/** What a point has to name: the packs of all its chunks, the indexes that place them, and the refs over both. */

import { BackupError } from '../../base/errors.ts'
import type { ObjectId } from '../../model/ids.ts'
import type { IndexView } from '../../model/index-object.ts'
import type { IndexReference } from '../../model/manifest.ts'
import { writeRefs } from '../../model/refs.ts'
import type { KnownChunks } from '../../repository/known-chunks.ts'
import type { Uploads } from '../../repository/uploads.ts'
import type { NotedChunks } from './noted-chunks.ts'

export interface PointNeeds {
  readonly root: ObjectId
  /** Ids in the refs. */
  readonly count: number
  /** Stored bytes of these objects. */
  readonly bytes: number
  readonly indexes: readonly IndexReference[]
  /** All that the refs name; undefined where they are the previous ones. */
  readonly ids: ReadonlySet<ObjectId> | undefined
}

export interface NeedsParts {
  readonly known: KnownChunks
  readonly indexes: ReadonlyMap<ObjectId, IndexView>
  readonly sizeOf: (id: ObjectId) => number
  readonly uploads: Uploads
  /** Refs objects that the vault has need not be sent. */
  readonly isPresent: (id: ObjectId) => boolean
  /** Needed in any case. */
  readonly kept:
    | { readonly refs: ReadonlySet<ObjectId>; readonly indexes: readonly IndexReference[] }
    | undefined
}

/** @throws BackupError `commit-missing` when a chunk that was taken over lies in no pack that the vault has */
export async function gatherNeeds(notes: NotedChunks, parts: NeedsParts): Promise<PointNeeds> {
  const packs = new Set<ObjectId>()
  const indexes = new Set<ObjectId>()
  notes.drain((id) => {
    const place = parts.known.place(id)
    if (place === undefined) throw lost()
    packs.add(place.pack)
    indexes.add(place.index)
  })
  const ids = new Set([...(parts.kept?.refs ?? []), ...packs, ...indexes])
  const listed = parts.kept?.indexes ?? []
  for (const { id } of listed) indexes.delete(id)
  const refs = writeRefs(ids)
  for (const [id, bytes] of refs.objects) {
    if (!parts.isPresent(id)) await parts.uploads.put({ kind: 'refs', id, bytes })
  }
  return {
    ids,
    root: refs.root,
    count: refs.count,
    bytes: [...ids].reduce((sum, id) => sum + parts.sizeOf(id), 0),
    indexes: [
      ...listed,
      ...[...indexes].flatMap((id) => referenceTo(id, parts.indexes.get(id))),
    ].sort(inOrder),
  }
}

const referenceTo = (id: ObjectId, view: IndexView | undefined): IndexReference[] =>
  view === undefined || view.chunkCount === 0
    ? []
    : [{ kind: view.kind, firstChunk: view.idAt(0), id }]

/** By kind (data first), first chunk, id. */
function inOrder(a: IndexReference, b: IndexReference): number {
  if (a.kind !== b.kind) return a.kind === 'data' ? -1 : 1
  const [left, right] = [a.firstChunk + a.id, b.firstChunk + b.id]
  return left < right ? -1 : Number(left > right)
}

const lost = (): BackupError =>
  new BackupError(
    'commit-missing',
    'The vault no longer has all that the last recovery point used.',
    {
      facts: { missing: [], more: false },
    },
  )
