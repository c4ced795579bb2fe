/** Bringing the catalog up to what the store holds: points at every start, objects when nobody waits for it. */

import { listMachines, type Machine } from '../catalog/machines.ts'
import { markLive, noteObjects, type ReceivedObject } from '../catalog/objects.ts'
import { errorCodeOf } from '../../base/errors.ts'
import { decodeCommit } from '../../model/commit.ts'
import { objectKinds, parseObjectId, type ObjectKind } from '../../model/ids.ts'
import { hashInKey, kindFolder, repositoriesFolder, type Namespace } from '../objects/keys.ts'
import { placeOf, type RepositoryPlace } from '../objects/presence.ts'
import { clearMeta } from '../catalog/meta.ts'
import { countPoints, type PointRow } from '../catalog/points.ts'
import type { PointContext } from './context.ts'
import { eachPoint } from './each-point.ts'
import { listHeads } from './heads.ts'
import { namedObjects } from './named-objects.ts'

const spaceOf = (machine: Machine): Namespace => ({
  vaultId: machine.vaultId,
  machineId: machine.id,
})

/**
 * Takes in every point that the catalog does not know, and makes the vault's record where one is missing.
 * The log has to be read before: it says which machines there are. A catalog that lacked points is an older copy,
 * or a new one: it lacks objects too, and they have to be walked again.
 */
export async function reconcilePoints(context: PointContext): Promise<void> {
  const before = await countPoints(context.catalog)
  for (const machine of await listMachines(context.catalog)) {
    await listHeads(context, spaceOf(machine))
  }
  if ((await countPoints(context.catalog)) > before)
    await clearMeta(context.catalog, 'objectsWalked')
}

/** Gives every object of the store a row; those that points name are live. Safe to stop, and to do again. */
export async function reconcileObjects(context: PointContext, signal: AbortSignal): Promise<void> {
  for (const machine of await listMachines(context.catalog)) {
    const space = spaceOf(machine)
    for (const name of await context.store.folders(repositoriesFolder(space))) {
      const place = { space, repository: Number(name) }
      for (const kind of objectKinds) await noteKind(context, { place, kind }, signal)
    }
    await markNamed(context, space, signal)
  }
}

const rowsAtOnce = 1_000

async function noteKind(
  context: PointContext,
  { place, kind }: { readonly place: RepositoryPlace; readonly kind: ObjectKind },
  signal: AbortSignal,
): Promise<void> {
  let found: ReceivedObject[] = []
  const note = async () => {
    signal.throwIfAborted()
    await noteObjects(context.catalog, placeOf(place), found)
    found = []
  }
  const askedAt = context.clock.now()
  const folder = kindFolder(place.space, place.repository, kind)
  for await (const { key, sizeBytes, storedAtMs: receivedAt } of context.store.list(folder)) {
    const name = hashInKey(key)
    if (name === undefined) continue
    found.push({ id: parseObjectId(name), kind, sizeBytes, receivedAt, askedAt })
    if (found.length >= rowsAtOnce) await note()
  }
  await note()
}

/** Marks live what a machine's points name; shards that several points share are read once. */
async function markNamed(
  context: PointContext,
  space: Namespace,
  signal: AbortSignal,
): Promise<void> {
  const seen = new Set<string>()
  for await (const point of eachPoint(context.catalog, space.machineId)) {
    signal.throwIfAborted()
    if (point.state === 'removed') continue
    try {
      await markPoint(context, space, point, seen)
    } catch (error) {
      // Damage is for a scrub to tell: what is not marked here is only looked at once more by the next commit.
      if (errorCodeOf(error) === undefined) throw error
    }
  }
}

async function markPoint(
  context: PointContext,
  space: Namespace,
  point: PointRow,
  seen: Set<string>,
): Promise<void> {
  const { commit } = decodeCommit(point.commit)
  const place: RepositoryPlace = { space, repository: commit.repository }
  const named = await namedObjects(context, { place, commit, seen })
  const renewal = { ids: named.ids, nowMs: context.clock.now() }
  await markLive(context.catalog, placeOf(place), renewal)
}
