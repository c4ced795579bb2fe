/** What a machine's points need: read from the shards of those that are kept or can be taken back, counted nowhere. */

import { BackupError } from '../../base/errors.ts'
import { decodeCommit } from '../../model/commit.ts'
import type { ObjectId } from '../../model/ids.ts'
import { sourcesOf, standingPoints } from '../catalog/points.ts'
import type { Namespace } from '../objects/keys.ts'
import { listHeads } from '../points/heads.ts'
import { namedObjects } from '../points/named-objects.ts'
import type { CollectionContext } from './context.ts'

export interface Needed {
  has(repository: number, id: ObjectId): boolean
}

/**
 * The points are asked of the store, not of the catalog alone.
 * @throws BackupError `damaged` where anything that tells of needed objects can not be read: then nothing may be collected
 */
export async function markNeeded(context: CollectionContext, space: Namespace): Promise<Needed> {
  await listHeads(context, space)
  const needed = new Set<string>()
  const seen = new Set<string>()
  for (const source of await sourcesOf(context.catalog, space.machineId)) {
    const { machineId } = space
    for (const point of await standingPoints(context.catalog, { machineId, source })) {
      const { commit } = decodeCommit(point.commit)
      const place = { space, repository: commit.repository }
      const { ids, missing } = await namedObjects(context, { place, commit, seen })
      if (missing.length > 0) throw incomplete(missing)
      for (const id of ids) needed.add(`${commit.repository}/${id}`)
    }
  }
  return { has: (repository, id) => needed.has(`${repository}/${id}`) }
}

const incomplete = (missing: readonly ObjectId[]): BackupError =>
  new BackupError('damaged', `${missing.length} refs objects of points are not there.`, {
    facts: { missing: missing.slice(0, 10) },
  })
