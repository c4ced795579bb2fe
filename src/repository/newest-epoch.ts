/** The latest epoch that the newest point of any source was made in: the number never falls, whatever a machine has forgotten. */

import type { KeyLike } from 'node:crypto'
import { decodeSealedHeader } from '../model/sealed-object.ts'
import { listPoints, openManifest, type PointFacts } from './point-reader.ts'
import { isPlaceFailure } from './place-failure.ts'
import type { Repository } from './repository.ts'

/** Only what can be opened counts, so that nobody else can push the number on. */
export async function newestEpoch(
  repository: Repository,
  authorities: readonly KeyLike[],
): Promise<number> {
  const points = await listPoints(repository.connection, { authorities })
  const own = points.filter(({ commit }) => commit.repository === repository.number)
  const newest = new Map(own.map((point) => [point.source, point]))
  let epoch = 0
  for (const point of newest.values()) epoch = Math.max(epoch, await epochOf(repository, point))
  return epoch
}

async function epochOf(repository: Repository, facts: PointFacts): Promise<number> {
  try {
    const bytes = await repository.connection.object(repository.number, facts.commit.manifest)
    openManifest(bytes, repository, facts)
    return decodeSealedHeader(bytes, 'manifest').epoch
  } catch (error) {
    if (isPlaceFailure(error)) return 0
    throw error
  }
}
