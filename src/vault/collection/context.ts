/** What collection works with. */

import type { PointContext } from '../points/context.ts'
import type { VaultLog } from '../records/log.ts'

export interface CollectionContext extends PointContext {
  readonly log: VaultLog
}
