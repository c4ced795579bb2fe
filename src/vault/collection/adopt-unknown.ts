/** Copies in the trash of which no row tells: moved after their decision was given up. They get their time anew. */

import { objectKinds, parseObjectId } from '../../model/ids.ts'
import { adoptTrash, trashOf, type TrashRow } from '../catalog/trash.ts'
import {
  hashInKey,
  parseNumberName,
  repositoriesFolder,
  trashFolder,
  trashKey,
  type Namespace,
} from '../objects/keys.ts'
import type { CollectionContext } from './context.ts'

export interface AdoptOptions {
  readonly space: Namespace
  readonly nowMs: number
  /** For so long something can be brought back. */
  readonly trashMs: number
}

/** Before points are marked: what tells of needed objects may be among the copies. */
export async function adoptUnknown(
  { store, catalog }: CollectionContext,
  { space, nowMs, trashMs }: AdoptOptions,
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
