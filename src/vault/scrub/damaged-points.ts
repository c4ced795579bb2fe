/** Which points need what is damaged: their refs say it. */

import { errorCodeOf } from '../../base/errors.ts'
import { decodeCommit } from '../../model/commit.ts'
import { damagedObjects } from '../catalog/damaged-objects.ts'
import { findMachine } from '../catalog/machines.ts'
import { eachPoint } from '../points/each-point.ts'
import type { PointRow } from '../catalog/points.ts'
import type { TrashContext } from '../objects/trash.ts'
import { namedObjects } from '../points/named-objects.ts'

/** Ascending by machine, source and seq; a point whose refs can not be read is among them. */
export async function damagedPoints(context: TrashContext): Promise<PointRow[]> {
  const damaged = await damagedObjects(context.catalog)
  const placeText = (repository: number, id: string) => `${repository}:${id}`
  const found: PointRow[] = []
  for (const machineId of [...new Set(damaged.map((object) => object.machineId))].sort()) {
    const own = damaged.filter((object) => object.machineId === machineId)
    const bad = new Set<string>(own.map(({ repository, id }) => placeText(repository, id)))
    const machine = await findMachine(context.catalog, machineId)
    if (machine === undefined) continue
    const space = { vaultId: machine.vaultId, machineId }
    for await (const point of eachPoint(context.catalog, machineId)) {
      if (point.state === 'removed') continue
      const { commit } = decodeCommit(point.commit)
      const { repository } = commit
      const needed = await needsOf(context, { place: { space, repository }, commit })
      const isBad = needed === undefined || needed.some((id) => bad.has(placeText(repository, id)))
      if (isBad) found.push(point)
    }
  }
  return found
}

/** Undefined where its refs are not whole. */
async function needsOf(
  context: TrashContext,
  point: Omit<Parameters<typeof namedObjects>[1], 'seen'>,
): Promise<readonly string[] | undefined> {
  try {
    const { ids, missing } = await namedObjects(context, { ...point, seen: new Set() })
    return missing.length > 0 ? undefined : ids
  } catch (error) {
    if (errorCodeOf(error) === undefined) throw error
    return undefined
  }
}
