/** What is damaged is in the vault's log, so that a catalog that is made anew knows of it. */

import type { ObjectId } from '../../model/ids.ts'
import { findObjects, type ObjectPlace } from '../catalog/objects.ts'
import type { Catalog } from '../catalog/tables.ts'
import type { ParsedObjectKey } from '../objects/keys.ts'
import type { VaultLog } from '../records/log.ts'

export interface DamageContext {
  readonly catalog: Catalog
  readonly log: VaultLog
}

const isDamaged = async ({ catalog }: DamageContext, place: ObjectPlace, id: ObjectId) =>
  (await findObjects(catalog, place, [id])).get(id)?.state === 'damaged'

/** Whether it was not known to be. */
export async function recordDamage(
  context: DamageContext,
  { machineId, repository, kind: objectKind, id }: ParsedObjectKey,
  sizeBytes: number,
): Promise<boolean> {
  const place = { machineId, repository }
  const entry = { kind: 'object-damaged', ...place, objectKind, id, sizeBytes } as const
  const written = await context.log.append(async () =>
    (await isDamaged(context, place, id)) ? undefined : entry,
  )
  return written !== undefined
}

/** Writes nothing of what is not known to be damaged. To be called when its bytes are sound and durable. */
export async function recordSound(
  context: DamageContext,
  { machineId, repository }: ObjectPlace,
  id: ObjectId,
): Promise<void> {
  const place = { machineId, repository }
  if (!(await isDamaged(context, place, id))) return
  await context.log.append(async () =>
    (await isDamaged(context, place, id)) ? { kind: 'object-sound', ...place, id } : undefined,
  )
}
