/** What has to have happened to a catalog before anyone is served from it. */

import { readMeta, writeMeta } from './catalog/meta.ts'
import type { PointContext } from './points/context.ts'
import { reconcileObjects, reconcilePoints } from './points/reconcile.ts'
import type { VaultLog } from './records/log.ts'

export interface CatchUpContext extends PointContext {
  readonly log: VaultLog
}

/**
 * Reads the log and the points to their ends; a new catalog also gets a row for every object.
 * (Of an older copy `reconcileObjects` fills the gaps while it is served from: single objects are looked for anyway.)
 * @throws BackupError `catalog-behind`
 */
export async function catchUpCatalog(context: CatchUpContext, signal: AbortSignal): Promise<void> {
  await context.log.verify()
  await context.log.catchUp()
  await reconcilePoints(context)
  if ((await readMeta(context.catalog, 'objectsWalked')) === undefined) {
    await reconcileObjects(context, signal)
    await writeMeta(context.catalog, 'objectsWalked', 'yes')
  }
}
