/** What is in the trash: brought back if a point needs it after all, purged when its time has come. */

import { dayMs } from '../../base/clock.ts'
import { objectKinds, parseObjectId } from '../../model/ids.ts'
import { addEvent } from '../catalog/events.ts'
import { backFromTrash, forgetPurged } from '../catalog/objects.ts'
import { adoptTrash, forgetTrash, trashOf, type TrashRow } from '../catalog/trash.ts'
import {
  hashInKey,
  parseNumberName,
  repositoriesFolder,
  trashFolder,
  trashKey,
  type Namespace,
} from '../objects/keys.ts'
import { keyOf, placeOf, type RepositoryPlace } from '../objects/presence.ts'
import { bringOneBack } from '../objects/trash.ts'
import type { CollectionContext } from './context.ts'
import type { Needed } from './mark.ts'

export interface EmptyOptions {
  readonly space: Namespace
  readonly needed: Needed
  readonly nowMs: number
  /** For so long something can be brought back. */
  readonly trashMs: number
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
  await adoptUnknown(context, options)
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

/** Copies of which no row tells: moved after their decision was given up. They get their time anew. */
async function adoptUnknown(
  { store, catalog }: CollectionContext,
  { space, nowMs, trashMs }: EmptyOptions,
): Promise<void> {
  const known = new Set(
    (await trashOf(catalog, space.machineId)).map(({ decision, id }) => `${decision}/${id}`),
  )
  for (const name of await store.folders(trashFolder)) {
    const decision = parseNumberName(name)
    if (decision === undefined) continue
    const folder = trashKey(decision, repositoriesFolder(space))
    for await (const { key } of store.list(folder)) {
      const found = objectInKey(key.slice(folder.length))
      if (found === undefined || known.has(`${decision}/${found.id}`)) continue
      const times = { decidedAt: nowMs, purgeAt: nowMs + trashMs, isPurged: 0 as const }
      await adoptTrash(catalog, { decision, machineId: space.machineId, ...found, ...times })
    }
  }
}

/** `0/data/ab/abcd…` */
function objectInKey(path: string): Pick<TrashRow, 'repository' | 'kind' | 'id'> | undefined {
  const [repository, kindName] = path.split('/')
  const kind = objectKinds.find((known) => known === kindName)
  const hash = hashInKey(path)
  if (kind === undefined || hash === undefined) return undefined
  return { repository: Number(repository), kind, id: parseObjectId(hash) }
}

type Fate = 'bring back' | 'forget' | 'purge' | 'drop' | 'keep'

async function fateOf(
  { store }: CollectionContext,
  options: EmptyOptions,
  copy: TrashRow,
): Promise<Fate> {
  const isThere = (await store.stat(keyInTrash(options, copy))) !== undefined
  // Never moved, or moved back, or purged already; a collector that has just decided may still move it.
  if (!isThere) return options.nowMs - copy.decidedAt > dayMs ? 'forget' : 'keep'
  const isDue = copy.isPurged === 1 || copy.purgeAt <= options.nowMs
  if (!options.needed.has(copy.repository, copy.id)) return isDue ? 'purge' : 'keep'
  // Where it was sent again, this copy is one too many.
  const isAlone = (await store.stat(ownKey(options, copy))) === undefined
  return isDue && !isAlone ? 'drop' : 'bring back'
}

const placeFor = ({ space }: EmptyOptions, { repository }: TrashRow): RepositoryPlace => ({
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
