/** What is in the trash: brought back if a point needs it after all, purged when its time has come. */

import { dayMs } from '../../base/clock.ts'
import { addEvent } from '../catalog/events.ts'
import { backFromTrash, findObjects, forgetPurged } from '../catalog/objects.ts'
import { forgetTrash, trashOf, type TrashRow } from '../catalog/trash.ts'
import { trashKey, type Namespace } from '../objects/keys.ts'
import { keyOf, placeOf, type RepositoryPlace } from '../objects/presence.ts'
import { bringOneBack } from '../objects/trash.ts'
import type { CollectionContext } from './context.ts'
import type { Needed } from './mark.ts'

export interface EmptyOptions {
  readonly space: Namespace
  readonly needed: Needed
  readonly nowMs: number
}

export interface Emptied {
  readonly broughtBack: number
  readonly purged: number
}

/**
 * `needed` has to be marked after the time that purges what is due: a commit names nothing in the trash within a day of its
 * purge, so whatever it named before is marked. Only the very copies are purged that were moved there.
 */
export async function emptyTrash(
  context: CollectionContext,
  options: EmptyOptions,
): Promise<Emptied> {
  let broughtBack = 0
  const due: TrashRow[] = []
  for (const copy of await trashOf(context.catalog, options.space.machineId)) {
    const fate = await fateOf(context, options, copy)
    if (fate === 'bring back') broughtBack += await takeBack(context, options, copy)
    else if (fate === 'forget') await forgetCopy(context, options, copy)
    else if (fate === 'drop') await dropCopy(context, options, copy)
    else if (fate === 'purge') due.push(copy)
  }
  await decidePurge(context, due)
  for (const copy of due) await purgeOne(context, placeFor(options, copy), copy)
  return { broughtBack, purged: due.length }
}

type Fate = 'bring back' | 'forget' | 'purge' | 'drop' | 'keep'

async function fateOf(
  context: CollectionContext,
  options: EmptyOptions,
  copy: TrashRow,
): Promise<Fate> {
  const { store } = context
  const isThere = (await store.stat(keyInTrash(options, copy))) !== undefined
  // Never moved, or moved back, or purged already; a collector that has just decided may still move it.
  if (!isThere) return options.nowMs - copy.decidedAt > dayMs ? 'forget' : 'keep'
  const isDue = copy.isPurged === 1 || copy.purgeAt <= options.nowMs
  const isAlone = (await store.stat(ownKey(options, copy))) === undefined
  const isNeeded = options.needed.has(copy.repository, copy.id)
  if (!isNeeded && !(isAlone && (await isClaimed(context, options, copy)))) {
    return isDue ? 'purge' : 'keep'
  }
  // Where it was sent again, this copy is one too many.
  return isDue && !isAlone ? 'drop' : 'bring back'
}

/** Sent, asked for or named since: a collector that slept has moved it all the same. */
async function isClaimed(
  { catalog }: CollectionContext,
  options: EmptyOptions,
  { repository, id }: TrashRow,
): Promise<boolean> {
  const row = (await findObjects(catalog, placeOf(placeFor(options, { repository })), [id])).get(id)
  return row !== undefined && row.state !== 'trash'
}

const placeFor = (
  { space }: EmptyOptions,
  { repository }: Pick<TrashRow, 'repository'>,
): RepositoryPlace => ({
  space,
  repository,
})

const ownKey = (options: EmptyOptions, copy: TrashRow): string =>
  keyOf(placeFor(options, copy), copy.kind, copy.id)

const keyInTrash = (options: EmptyOptions, copy: TrashRow): string =>
  trashKey(copy.decision, ownKey(options, copy))

async function takeBack(
  context: CollectionContext,
  options: EmptyOptions,
  copy: TrashRow,
): Promise<0 | 1> {
  const place = placeFor(options, copy)
  await backFromTrash(context.catalog, placeOf(place), { id: copy.id, state: 'live' })
  await bringOneBack(context, place, copy)
  return (await context.store.stat(keyInTrash(options, copy))) === undefined ? 1 : 0
}

async function dropCopy(
  { store, catalog }: CollectionContext,
  options: EmptyOptions,
  copy: TrashRow,
): Promise<void> {
  const place = placeOf(placeFor(options, copy))
  await backFromTrash(catalog, place, { id: copy.id, state: 'live' })
  await store.remove(keyInTrash(options, copy))
  await forgetTrash(catalog, copy)
}

async function forgetCopy(
  { catalog }: CollectionContext,
  options: EmptyOptions,
  copy: TrashRow,
): Promise<void> {
  const place = placeOf(placeFor(options, copy))
  await backFromTrash(catalog, place, { id: copy.id, state: 'staged', purgeAt: copy.purgeAt })
  await forgetTrash(catalog, copy)
}

/** In the log before the first byte goes: after a crash the rest goes too, if nothing needs it. */
async function decidePurge({ log }: CollectionContext, due: readonly TrashRow[]): Promise<void> {
  const undecided = due.filter(({ isPurged }) => isPurged === 0)
  for (const decision of new Set(undecided.map((copy) => copy.decision))) {
    await log.append(() => ({ kind: 'objects-purged', decision }))
  }
}

async function purgeOne(
  { store, catalog }: CollectionContext,
  place: RepositoryPlace,
  copy: TrashRow,
): Promise<void> {
  const { machineId, repository } = placeOf(place)
  await store.remove(trashKey(copy.decision, keyOf(place, copy.kind, copy.id)))
  await forgetPurged(catalog, placeOf(place), copy)
  await forgetTrash(catalog, copy)
  await addEvent(catalog, { machineId, repository, kind: 'purged', id: copy.id })
}
