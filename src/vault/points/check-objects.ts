/** Whether all that a point refers to is there (docs/protocol.md, "Commit", 3 and 4). */

import { BackupError, errorCodeOf } from '../../base/errors.ts'
import type { Commit } from '../../model/commit.ts'
import type { ObjectId } from '../../model/ids.ts'
import { maxRefsBytes } from '../../model/limits.ts'
import { checkRefs, refsItemKey, type CheckedRefs, type LoadRefs } from '../../model/refs-reader.ts'
import { limits } from '../../protocol/routes.ts'
import { hasDamagedObjects } from '../catalog/damaged-objects.ts'
import { readIfThere } from '../objects/object-store.ts'
import {
  keyOf,
  placeOf,
  presentObjects,
  type PresentObject,
  type RepositoryPlace,
} from '../objects/presence.ts'
import type { PointContext } from './context.ts'

/** The ids that the point needs: manifest, objects of the refs, packs, indexes. */
export interface NeededObjects {
  readonly ids: readonly ObjectId[]
  /** Those of them that have to be brought back from the trash. */
  readonly inTrash: readonly PresentObject[]
}

/**
 * `earlier`: the commit before, whose shards need no second look; their ids are left out.
 * @throws BackupError `commit-refused`, `commit-missing` with facts `{missing, more}`
 */
export async function checkObjects(
  context: PointContext,
  commit: Commit,
  options: { readonly place: RepositoryPlace; readonly earlier: Commit | undefined },
): Promise<NeededObjects> {
  const { place } = options
  const search: Search = { context, place, missing: new Set(), found: [] }
  const refs = await readRefs(search, commit, await knownShards(context, place, options.earlier))
  if (refs.missing.length === 0 && refs.count !== commit.objectCount) {
    throw refused(`its refs hold ${refs.count} ids, not ${commit.objectCount}`)
  }
  const ownIds = [...refs.nodes, ...refs.shards.map(({ id }) => id)]
  await lookAt(search, ownIds, (kind) => kind === 'refs')
  await lookAt(search, [commit.manifest], (kind) => kind === 'manifest')
  for (const id of refs.missing) search.missing.add(id)
  if (search.missing.size > 0) throw missing([...search.missing].sort())
  return {
    ids: search.found.map(({ id }) => id),
    inTrash: search.found.filter(({ isInTrash }) => isInTrash),
  }
}

interface Search {
  readonly context: PointContext
  readonly place: RepositoryPlace
  readonly missing: Set<ObjectId>
  readonly found: PresentObject[]
}

async function readRefs(
  search: Search,
  commit: Commit,
  known: ReadonlySet<string>,
): Promise<CheckedRefs> {
  try {
    return await checkRefs(commit.refsRoot, loaderOf(search.context, search.place), {
      known: (shard) => known.has(refsItemKey(shard)),
      onShard: (shard) => lookAt(search, shard.ids, isContent),
    })
  } catch (error) {
    if (errorCodeOf(error) !== 'malformed') throw error
    throw refused('its refs are not canonical', error)
  }
}

const isContent = (kind: string): boolean => kind === 'data' || kind === 'tree' || kind === 'index'

async function lookAt(
  search: Search,
  ids: readonly ObjectId[],
  isRightKind: (kind: string) => boolean,
): Promise<void> {
  const present = await presentObjects(search.context, search.place, ids)
  for (const id of ids) {
    const row = present.get(id)
    if (row === undefined || !isRightKind(row.kind)) search.missing.add(id)
    else search.found.push(row)
  }
}

/** A refs object that is damaged in both copies counts as missing: it is sent again as it was. */
const loaderOf =
  (context: PointContext, place: RepositoryPlace): LoadRefs =>
  async (id) => {
    try {
      return await readIfThere(context.store, keyOf(place, 'refs', id), maxRefsBytes)
    } catch (error) {
      if (errorCodeOf(error) === 'damaged') return undefined
      throw error
    }
  }

/**
 * Shards that the commit before names: all their ids were present then, and a point has kept them since.
 * Where anything was found damaged, everything is looked at.
 */
async function knownShards(
  context: PointContext,
  place: RepositoryPlace,
  earlier: Commit | undefined,
): Promise<ReadonlySet<string>> {
  if (earlier?.repository !== place.repository) return new Set()
  if (await hasDamagedObjects(context.catalog, placeOf(place))) return new Set()
  const refs = await checkRefs(earlier.refsRoot, loaderOf(context, place), { known: () => true })
  return new Set(refs.missing.length === 0 ? refs.shards.map(refsItemKey) : [])
}

const refused = (why: string, cause?: unknown): BackupError =>
  new BackupError('commit-refused', `The point is refused: ${why}.`, { cause })

function missing(ids: readonly ObjectId[]): BackupError {
  const some = ids.slice(0, limits.missingPerAnswer)
  return new BackupError('commit-missing', `The vault lacks ${ids.length} objects of the point.`, {
    hint: 'Send them again, then commit.',
    facts: { missing: some, more: some.length < ids.length },
  })
}
